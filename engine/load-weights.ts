/**
 * Fills a family's slots from a checkpoint, checking every shape against the spec: a tensor of the
 * wrong shape is an error that names it, before anything is computed.
 */

import type { Backend, Weight } from './backends/types.ts'
import type { HostTensor, StoredTensor, TensorInfo } from './checkpoint/types.ts'
import { CheckpointError, internalError } from './errors.ts'
import type { ExpertSlots, LayerSlots, LinearSlot, ModelSlots, NormSlot, TensorSlot } from './families/family.ts'
import type { ModelSpec } from './spec.ts'
import type { ExpertWeights, LayerWeights, LinearWeights, NormWeights } from './weights.ts'

/** Where tensors come from: a checkpoint, or what was read ahead of one. */
export interface TensorSource {
  readonly tensors: ReadonlyMap<string, TensorInfo>
  read(name: string): Promise<HostTensor>
  /** The same, but for bfloat16, which stays as it is stored. */
  readUnwidened?(name: string): Promise<StoredTensor>
}

/** Reads tensors; counts their bytes for progress. */
export class SlotReader {
  readonly #source: TensorSource
  readonly #onRead: (bytes: number) => void
  readonly #pack: Backend['pack']
  /** The last matrix and the last vector: fused ones are cut into several weights and biases, and each is read once. */
  readonly #last = new Map<number, { readonly name: string; readonly tensor: StoredTensor }>()

  /** @param pack takes matrices over, but for routers; they are float32 in memory of ours where it is absent */
  constructor(source: TensorSource, onRead: (storedBytes: number) => void = () => {}, pack?: Backend['pack']) {
    this.#source = source
    this.#onRead = onRead
    this.#pack = pack
  }

  async tensor(name: string, shape: readonly number[]): Promise<Float32Array> {
    return float32Of(name, await this.#read(name, shape))
  }

  async norm(slot: NormSlot | undefined, width: number): Promise<NormWeights | null> {
    if (slot === undefined) return null
    return {
      weight: await this.tensor(slot.weight, [width]),
      bias: slot.bias === undefined ? null : await this.tensor(slot.bias, [width]),
    }
  }

  async linear(slot: LinearSlot, outSize: number, inSize: number): Promise<LinearWeights> {
    return {
      weight: await this.#weight(slot.weight, outSize, inSize),
      bias: slot.bias === undefined ? null : await this.#vector(slot.bias, outSize),
    }
  }

  /** The linear map that chooses experts: float32 in any format (`Weight.float32`). */
  async router(slot: LinearSlot, outSize: number, inSize: number): Promise<LinearWeights> {
    const plain = new SlotReader(this.#source, this.#onRead)
    const { weight, bias } = await plain.linear(slot, outSize, inSize)
    return { weight: { ...weight, float32: true }, bias }
  }

  /** A whole matrix, or some of its outputs: rows, or columns when it is stored as [in, out]. */
  async #weight(slot: TensorSlot, outSize: number, inSize: number): Promise<Weight> {
    const stored = slot.part?.of ?? outSize
    const transposed = slot.transposed === true
    const shape = transposed ? [inSize, stored] : [stored, inSize]
    const take = <T extends Values>(data: T): T =>
      transposed ? takePart(slot, data, outSize, 1, inSize) : takePart(slot, data, outSize, inSize, 1)
    const sizes = { name: slot.name, outSize, inSize, transposed }
    if (this.#pack === undefined)
      return { ...sizes, data: take(float32Of(slot.name, await this.#read(slot.name, shape))) }
    const { data } = await this.#read(slot.name, shape, true)
    return this.#pack({ ...sizes, data: take(data) })
  }

  async #vector(slot: TensorSlot, size: number): Promise<Float32Array> {
    const data = float32Of(slot.name, await this.#read(slot.name, [slot.part?.of ?? size]))
    return takePart(slot, data, size, 1, 1)
  }

  async #read(name: string, shape: readonly number[], unwidened = false): Promise<StoredTensor> {
    const last = this.#last.get(shape.length)
    if (last?.name === name) return last.tensor
    const info = this.#source.tensors.get(name)
    if (info !== undefined && info.shape.join() !== shape.join())
      throw new CheckpointError(
        `${info.file}: tensor ${name}: expected shape [${shape.join(', ')}] from config.json, got [${info.shape.join(', ')}]`,
      )
    const read = (unwidened ? this.#source.readUnwidened : undefined) ?? this.#source.read
    const tensor = await read.call(this.#source, name)
    this.#onRead(info === undefined ? 0 : info.end - info.begin)
    this.#last.set(shape.length, { name, tensor })
    return tensor
  }
}

type Values = Float32Array | Uint16Array

function float32Of(name: string, { data }: StoredTensor): Float32Array {
  if (data instanceof Float32Array) return data
  throw internalError(`tensor ${name}: read as bfloat16 where float32 is needed`)
}

/**
 * The outputs of a tensor that a slot names, one range after another.
 * @param width numbers of one output that stand together
 * @param repeats how often all outputs are repeated: the inputs of a matrix stored as [in, out]
 */
function takePart<T extends Values>(slot: TensorSlot, data: T, wanted: number, width: number, repeats: number): T {
  const { part } = slot
  if (part === undefined) return data
  const taken = part.ranges.reduce((sum, [begin, end]) => sum + end - begin, 0)
  if (taken !== wanted) throw internalError(`tensor ${slot.name}: ${taken} outputs taken where ${wanted} belong`)
  const [only, ...others] = part.ranges
  // What lies together is a window on it: the whole is needed anyway, for its other parts.
  if (repeats === 1 && only !== undefined && others.length === 0)
    return data.subarray(only[0] * width, only[1] * width) as T
  const length = wanted * width * repeats
  const result = (data instanceof Float32Array ? new Float32Array(length) : new Uint16Array(length)) as T
  let at = 0
  for (let repeat = 0; repeat < repeats; repeat++)
    for (const [begin, end] of part.ranges) {
      result.set(data.subarray((repeat * part.of + begin) * width, (repeat * part.of + end) * width), at)
      at += (end - begin) * width
    }
  return result
}

/** Reads all weights of one layer. */
export async function readLayer(reader: SlotReader, spec: ModelSpec, slots: LayerSlots): Promise<LayerWeights> {
  const { dModel, heads, kvHeads, dHead } = spec
  const queryWidth = heads * dHead
  const keyWidth = kvHeads * dHead
  const whole = spec.qkNorm === 'full'
  const mlp = async (expert: ExpertSlots, width: number): Promise<ExpertWeights> => ({
    gate: expert.gate === undefined ? null : await reader.linear(expert.gate, width, dModel),
    up: await reader.linear(expert.up, width, dModel),
    down: await reader.linear(expert.down, dModel, width),
  })
  const experts: ExpertWeights[] = []
  for (const expert of slots.experts ?? []) experts.push(await mlp(expert, spec.experts?.dExpert ?? 0))
  return {
    ln1: await reader.norm(slots.ln1, dModel),
    ln2: await reader.norm(slots.ln2, dModel),
    ln1Post: await reader.norm(slots.ln1Post, dModel),
    ln2Post: await reader.norm(slots.ln2Post, dModel),
    q: await reader.linear(slots.q, queryWidth, dModel),
    k: await reader.linear(slots.k, keyWidth, dModel),
    v: await reader.linear(slots.v, keyWidth, dModel),
    o: await reader.linear(slots.o, dModel, queryWidth),
    qNorm: await reader.norm(slots.qNorm, whole ? queryWidth : dHead),
    kNorm: await reader.norm(slots.kNorm, whole ? keyWidth : dHead),
    mlp: slots.mlp === undefined ? null : await mlp(slots.mlp, spec.dMlp),
    router: slots.router === undefined ? null : await reader.router(slots.router, spec.experts?.count ?? 0, dModel),
    experts,
  }
}

/** The names of a layer's tensors, each once, in the order in which `readLayer` reads them. */
export function tensorsOfLayer(slots: LayerSlots): string[] {
  const norm = (slot: NormSlot | undefined): string[] => (slot === undefined ? [] : tensorsOfNorm(slot))
  const linear = ({ weight, bias }: LinearSlot): string[] =>
    bias === undefined ? [weight.name] : [weight.name, bias.name]
  const mlp = ({ gate, up, down }: ExpertSlots): string[] =>
    [...(gate === undefined ? [] : [gate]), up, down].flatMap(linear)
  const { ln1, ln2, ln1Post, ln2Post, q, k, v, o, qNorm, kNorm, router, experts = [] } = slots
  return [
    ...new Set([
      ...experts.flatMap(mlp),
      ...[ln1, ln2, ln1Post, ln2Post].flatMap(norm),
      ...[q, k, v, o].flatMap(linear),
      ...[qNorm, kNorm].flatMap(norm),
      ...(slots.mlp === undefined ? [] : mlp(slots.mlp)),
      ...(router === undefined ? [] : linear(router)),
    ]),
  ]
}

function tensorsOfNorm({ weight, bias }: NormSlot): string[] {
  return bias === undefined ? [weight] : [weight, bias]
}

/** The names of the small tensors that stand around the layers, each once. */
export function smallEnds({ finalNorm, positions, unembed }: ModelSlots): string[] {
  return [
    ...tensorsOfNorm(finalNorm),
    ...(positions === undefined ? [] : [positions]),
    ...(unembed?.bias === undefined ? [] : [unembed.bias.name]),
  ]
}

/** Reads the small tensors that stand around the layers, but for the unembedding's bias. */
export async function readSmallEnds(
  reader: SlotReader,
  spec: ModelSpec,
  slots: ModelSlots,
): Promise<{ readonly positions: Float32Array | null; readonly finalNorm: NormWeights }> {
  const { dModel, maxPositions } = spec
  const finalNorm = await reader.norm(slots.finalNorm, dModel)
  if (finalNorm === null) throw new CheckpointError('checkpoint: no final norm')
  const positions = slots.positions === undefined ? null : await reader.tensor(slots.positions, [maxPositions, dModel])
  return { positions, finalNorm }
}
