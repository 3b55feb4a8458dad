/**
 * Weights of a model larger than memory. Layers stay on disk as they are stored; one at a time is
 * widened to float32, and the bytes of the next are read while the layer is computed with. So a
 * model takes one layer as float32, one as stored, and the unembedding as stored.
 *
 * Widening writes over the layer before, in the same memory: a fresh gigabyte a layer would wait for
 * the garbage collector. A matrix that was taken back throws when it is read, and a layer is handed
 * out a turn of the event loop before the next request is looked at, so that two passes over one
 * model may interleave and each still finds in its hands what it asked for.
 */
import { setImmediate } from 'node:timers/promises'
import type { Backend, Weight } from './backends/types.ts'
import { storedBfloat16, storedFormat, widenStored } from './checkpoint/read-tensor.ts'
import type { Checkpoint, HostTensor, StoredTensor, TensorInfo } from './checkpoint/types.ts'
import { CheckpointError, internalError, PatchlightError } from './errors.ts'
import type { ModelSlots } from './families/family.ts'
import { readLayer, readSmallEnds, SlotReader, tensorsOfLayer } from './load-weights.ts'
import type { ModelSpec } from './spec.ts'
import { unembeddingAsStored } from './unembedding-as-stored.ts'
import type { ExpertWeights, LayerWeights, LinearWeights, ModelWeights } from './weights.ts'
import { packedEnds, unwidened } from './weights-packed.ts'

/**
 * Checks every tensor's shape, and reads what stands around the layers.
 * @param onRead is told of the stored bytes that were read
 * @throws CheckpointError for a tensor that is missing, damaged or of the wrong shape
 */
export async function weightsFromDisk(
  checkpoint: Checkpoint,
  spec: ModelSpec,
  slots: ModelSlots,
  backend: Backend,
  onRead: (storedBytes: number) => void = () => {},
): Promise<ModelWeights> {
  const unread = { tensors: checkpoint.tensors, read: (name: string) => checkedOnly(checkpoint, name) }
  for (const layer of spec.layers.keys()) await readLayer(new SlotReader(unread), spec, slots.layer(layer))
  const { pack } = backend
  const reader =
    pack === undefined ? new SlotReader(checkpoint, onRead) : new SlotReader(unwidened(checkpoint), onRead, pack)
  const ends = await readSmallEnds(reader, spec, slots)
  const packed = pack === undefined ? null : await packedEnds(checkpoint, reader, spec, slots)
  const { unembed, embedding } = packed ?? (await unembeddingAsStored(checkpoint, reader, spec, slots, backend, onRead))
  const layers = new LayersFromDisk(checkpoint, spec, slots, backend)
  return {
    residency: 'disk',
    ...ends,
    embedding,
    unembed,
    layer: layer => layers.bring(layer),
    dispose: async () => {
      await layers.dispose()
      if (packed !== null) backend.release(packed.weight)
    },
  }
}

/** Stands for a tensor that is there and of a known format, without reading it. */
async function checkedOnly(checkpoint: Checkpoint, name: string): Promise<HostTensor> {
  const info = checkpoint.tensors.get(name)
  if (info === undefined) return checkpoint.read(name)
  storedFormat(info)
  return { shape: info.shape, data: new Float32Array() }
}

/** A matrix that can be taken back. */
class LentWeight implements Weight {
  readonly name: string
  readonly outSize: number
  readonly inSize: number
  readonly transposed: boolean
  readonly float32: boolean
  #data: Float32Array | null

  constructor({ name, outSize, inSize, transposed, data, float32 = false }: Weight) {
    this.name = name
    this.outSize = outSize
    this.inSize = inSize
    this.transposed = transposed
    this.float32 = float32
    this.#data = data
  }

  get data(): Float32Array {
    if (this.#data !== null) return this.#data
    throw new PatchlightError(
      `weights: expected ${this.name} to be in use, got it after another layer was read over it; ask for its layer again`,
    )
  }

  takeBack(): void {
    this.#data = null
  }
}

/** The stored bytes of one layer, read or on their way. */
interface ReadAhead {
  readonly layer: number
  readonly tensors: ReadonlyMap<string, Uint8Array>
  /** Settles when no read is under way any more. */
  readonly done: Promise<void>
}

/** Vectors stay in memory of their own: they are small, and so need no taking back. */
const isLent = (info: TensorInfo): boolean => info.shape.length > 1

class LayersFromDisk {
  readonly #checkpoint: Checkpoint
  readonly #spec: ModelSpec
  readonly #slots: ModelSlots
  readonly #backend: Backend
  #current: { readonly layer: number; readonly weights: LayerWeights } | null = null
  #lent: Weight[] = []
  /** Memory under the current layer's matrices. */
  #used: ArrayBuffer[] = []
  #ahead: ReadAhead | null = null
  #stored = new ArrayBuffer(0)
  #turn: Promise<unknown> = Promise.resolve()
  #disposed = false

  constructor(checkpoint: Checkpoint, spec: ModelSpec, slots: ModelSlots, backend: Backend) {
    this.#checkpoint = checkpoint
    this.#spec = spec
    this.#slots = slots
    this.#backend = backend
  }

  /** A layer, after whoever asked before has had a turn with theirs. */
  bring(layer: number): Promise<LayerWeights> {
    const brought = this.#turn.then(() => this.#bring(layer))
    const turn = () => setImmediate()
    this.#turn = brought.then(turn, turn)
    return brought
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    await this.#turn
    await this.#ahead?.done.catch(() => {})
    this.#takeBack()
    this.#used = []
    this.#ahead = null
    this.#stored = new ArrayBuffer(0)
  }

  async #bring(layer: number): Promise<LayerWeights> {
    if (this.#disposed) throw internalError(`layer ${layer} of a model that was disposed`)
    if (layer < 0 || layer >= this.#spec.layers.length) throw internalError(`no layer ${layer}`)
    if (this.#current?.layer === layer) return this.#current.weights
    if (this.#ahead !== null && this.#ahead.layer !== layer) {
      await this.#ahead.done.catch(() => {})
      this.#ahead = null
    }
    const ahead = this.#ahead ?? this.#readAhead(layer)
    this.#ahead = null
    await ahead.done
    const weights = await this.#widen(ahead)
    this.#current = { layer, weights }
    if (layer + 1 < this.#spec.layers.length) this.#ahead = this.#readAhead(layer + 1)
    return weights
  }

  /** Begins to read a layer's bytes. The reads run beside the products: each is one request for a whole tensor. */
  #readAhead(layer: number): ReadAhead {
    const names = tensorsOfLayer(this.#slots.layer(layer))
    const infos = names.map(name => this.#info(name))
    const bytes = infos.reduce((sum, info) => sum + aligned(info), 0)
    if (this.#stored.byteLength < bytes) this.#stored = allocate(bytes, `layer ${layer} as stored`)
    const tensors = new Map<string, Uint8Array>()
    const reads: Promise<void>[] = []
    let at = 0
    for (const info of infos) {
      const into = new Uint8Array(this.#stored, at, info.end - info.begin)
      at += aligned(info)
      tensors.set(info.name, into)
      reads.push(this.#checkpoint.readStored(info.name, into))
    }
    const done = allOf(reads)
    // It is met again when the layer is asked for, which may be never.
    done.catch(() => {})
    return { layer, tensors, done }
  }

  /** Widens a layer over the one before. */
  async #widen({ layer, tensors }: ReadAhead): Promise<LayerWeights> {
    this.#takeBack()
    const free = this.#used
    this.#used = []
    const read = async (name: string): Promise<HostTensor> => {
      const info = this.#info(name)
      const raw = tensors.get(name)
      if (raw === undefined) throw internalError(`layer ${layer}: ${name} was not read ahead`)
      const bytes = (raw.byteLength / storedFormat(info).width) * 4
      const index = free.findIndex(buffer => buffer.byteLength === bytes)
      const [reused] = isLent(info) && index >= 0 ? free.splice(index, 1) : []
      const buffer = reused ?? allocate(bytes, name)
      if (isLent(info)) this.#used.push(buffer)
      return { shape: info.shape, data: widenStored(info, raw, buffer) }
    }
    const readUnwidened = async (name: string): Promise<StoredTensor> => {
      const info = this.#info(name)
      const raw = tensors.get(name)
      if (raw === undefined || info.dtype !== 'BF16') return read(name)
      return { shape: info.shape, data: storedBfloat16(info, raw) }
    }
    const source = { tensors: this.#checkpoint.tensors, read, readUnwidened }
    const reader = new SlotReader(source, () => {}, this.#packing())
    return this.#lend(await readLayer(reader, this.#spec, this.#slots.layer(layer)))
  }

  /** Packed weights are taken back like lent ones, also when a later one of their layer cannot be read. */
  #packing(): Backend['pack'] {
    const { pack } = this.#backend
    if (pack === undefined) return undefined
    return unpacked => {
      const weight = pack(unpacked)
      this.#lent.push(weight)
      return weight
    }
  }

  #lend(layer: LayerWeights): LayerWeights {
    const lend = (linear: LinearWeights): LinearWeights => {
      if (this.#lent.includes(linear.weight)) return linear
      const weight = new LentWeight(linear.weight)
      this.#lent.push(weight)
      return { ...linear, weight }
    }
    const lendMlp = ({ gate, up, down }: ExpertWeights): ExpertWeights => ({
      gate: gate === null ? null : lend(gate),
      up: lend(up),
      down: lend(down),
    })
    return {
      ...layer,
      q: lend(layer.q),
      k: lend(layer.k),
      v: lend(layer.v),
      o: lend(layer.o),
      mlp: layer.mlp === null ? null : lendMlp(layer.mlp),
      router: layer.router === null ? null : lend(layer.router),
      experts: layer.experts.map(lendMlp),
    }
  }

  #takeBack(): void {
    this.#current = null
    for (const weight of this.#lent) {
      this.#backend.release(weight)
      if (weight instanceof LentWeight) weight.takeBack()
    }
    this.#lent = []
  }

  #info(name: string): TensorInfo {
    const info = this.#checkpoint.tensors.get(name)
    if (info === undefined) throw internalError(`${name} is gone`)
    return info
  }
}

/** Room for a tensor's bytes, up to a multiple of the widest format's value. */
function aligned({ begin, end }: TensorInfo): number {
  return Math.ceil((end - begin) / 8) * 8
}

/** Waits for all, also when one fails: a read that is under way writes into memory that would be used again. */
async function allOf(reads: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(reads)) if (result.status === 'rejected') throw result.reason
}

function allocate(bytes: number, what: string): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes)
  } catch {
    throw new CheckpointError(
      `weights: expected room for ${what}, ${bytes} bytes, got none: this machine has too little memory for it`,
    )
  }
}
