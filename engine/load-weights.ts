/**
 * Fills a family's slots from a checkpoint, checking every shape against the spec: a tensor of the
 * wrong shape is an error that names it, before anything is computed.
 */

import type { Checkpoint, HostTensor } from './checkpoint/types.ts'
import { CheckpointError } from './errors.ts'
import type { ExpertSlots, LayerSlots, LinearSlot, ModelSlots, NormSlot, TensorSlot } from './families/family.ts'
import type { ModelSpec } from './spec.ts'
import type { ExpertWeights, LayerWeights, LinearWeights, NormWeights } from './weights.ts'

/** Reads tensors; counts their bytes for progress. */
export class SlotReader {
  readonly #checkpoint: Checkpoint
  readonly #onRead: (bytes: number) => void

  constructor(checkpoint: Checkpoint, onRead: (storedBytes: number) => void = () => {}) {
    this.#checkpoint = checkpoint
    this.#onRead = onRead
  }

  async tensor(name: string, shape: readonly number[]): Promise<Float32Array> {
    const { data } = await this.#read(name, shape)
    return data
  }

  async norm(slot: NormSlot | undefined, width: number): Promise<NormWeights | null> {
    if (slot === undefined) return null
    return {
      weight: await this.tensor(slot.weight, [width]),
      bias: slot.bias === undefined ? null : await this.tensor(slot.bias, [width]),
    }
  }

  async linear(slot: LinearSlot, outSize: number, inSize: number): Promise<LinearWeights> {
    const data = await this.#matrix(slot.weight, outSize, inSize)
    return {
      weight: { name: slot.weight.name, outSize, inSize, data, transposed: false },
      bias: slot.bias === undefined ? null : await this.#vector(slot.bias, outSize),
    }
  }

  async #matrix(slot: TensorSlot, outSize: number, inSize: number): Promise<Float32Array> {
    const info = this.#checkpoint.tensors.get(slot.name)
    const fullOut = slot.rows === undefined ? outSize : (info?.shape[slot.transposed === true ? 1 : 0] ?? outSize)
    const shape = slot.transposed === true ? [inSize, fullOut] : [fullOut, inSize]
    const { data } = await this.#read(slot.name, shape)
    const upright = slot.transposed === true ? transpose(data, inSize, fullOut) : data
    return takeRanges(slot, upright, outSize, inSize)
  }

  async #vector(slot: TensorSlot, size: number): Promise<Float32Array> {
    const info = this.#checkpoint.tensors.get(slot.name)
    const { data } = await this.#read(slot.name, [slot.rows === undefined ? size : (info?.shape[0] ?? size)])
    return takeRanges(slot, data, size, 1)
  }

  async #read(name: string, shape: readonly number[]): Promise<HostTensor> {
    const info = this.#checkpoint.tensors.get(name)
    if (info !== undefined && info.shape.join() !== shape.join())
      throw new CheckpointError(
        `${info.file}: tensor ${name}: expected shape [${shape.join(', ')}] from config.json, got [${info.shape.join(', ')}]`,
      )
    const tensor = await this.#checkpoint.read(name)
    this.#onRead(info === undefined ? 0 : info.end - info.begin)
    return tensor
  }
}

/** Some rows of a matrix, one range after another. */
function takeRanges(slot: TensorSlot, data: Float32Array, rows: number, width: number): Float32Array {
  if (slot.rows === undefined) return data
  const taken = slot.rows.reduce((sum, [begin, end]) => sum + end - begin, 0)
  const last = Math.max(...slot.rows.map(([, end]) => end))
  if (taken !== rows || last * width > data.length)
    throw new CheckpointError(`tensor ${slot.name}: expected at least ${last} rows, got ${data.length / width}`)
  const result = new Float32Array(rows * width)
  let at = 0
  for (const [begin, end] of slot.rows) {
    result.set(data.subarray(begin * width, end * width), at)
    at += (end - begin) * width
  }
  return result
}

/** [rows, columns] → [columns, rows] */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column] ?? 0
  return result
}

/** Reads all weights of one layer. */
export async function readLayer(reader: SlotReader, spec: ModelSpec, slots: LayerSlots): Promise<LayerWeights> {
  const { dModel, heads, kvHeads, dHead } = spec
  const queryWidth = heads * dHead
  const keyWidth = kvHeads * dHead
  const whole = spec.qkNorm === 'full'
  const mlp = async (expert: ExpertSlots): Promise<ExpertWeights> => ({
    gate: expert.gate === undefined ? null : await reader.linear(expert.gate, spec.dMlp, dModel),
    up: await reader.linear(expert.up, spec.dMlp, dModel),
    down: await reader.linear(expert.down, dModel, spec.dMlp),
  })
  const experts: ExpertWeights[] = []
  for (const expert of slots.experts ?? []) experts.push(await mlp(expert))
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
    mlp: slots.mlp === undefined ? null : await mlp(slots.mlp),
    router: slots.router === undefined ? null : await reader.linear(slots.router, spec.experts?.count ?? 0, dModel),
    experts,
  }
}

/** Reads what stands around the layers. */
export async function readEnds(
  reader: SlotReader,
  spec: ModelSpec,
  slots: ModelSlots,
): Promise<{
  readonly embedding: Float32Array
  readonly positions: Float32Array | null
  readonly finalNorm: NormWeights
  readonly unembed: LinearWeights
}> {
  const { vocab, dModel } = spec
  const embedding = await reader.tensor(slots.embedding, [vocab, dModel])
  const finalNorm = await reader.norm(slots.finalNorm, dModel)
  if (finalNorm === null) throw new CheckpointError('checkpoint: no final norm')
  return {
    embedding,
    positions: slots.positions === undefined ? null : await reader.tensor(slots.positions, [spec.maxPositions, dModel]),
    finalNorm,
    unembed:
      slots.unembed === undefined
        ? {
            weight: { name: slots.embedding, outSize: vocab, inSize: dModel, data: embedding, transposed: false },
            bias: null,
          }
        : await reader.linear(slots.unembed, vocab, dModel),
  }
}
