/**
 * Whether a checkpoint's weights stand in memory or stay on disk. In memory they are float32, twice
 * what most checkpoints store, unless bfloat16 was asked for; a model that does not fit that way runs
 * layer by layer from disk, and one that does not fit even so is refused before anything is read.
 */
import type { Dtype } from './backends/types.ts'
import { ROOM_BYTES, usableMemory } from './checkpoint/memory.ts'
import { storedFormat } from './checkpoint/read-tensor.ts'
import type { TensorInfo } from './checkpoint/types.ts'
import { CheckpointError, PatchlightError } from './errors.ts'
import type { ModelSlots } from './families/family.ts'
import { smallEnds, tensorsOfLayer } from './load-weights.ts'
import type { ModelSpec } from './spec.ts'
import { RESIDENCIES, type Residency } from './weights.ts'

/** Bytes that the weights of a model take. */
export interface WeightSizes {
  readonly dtype: Dtype
  /** All of them in that format; in bfloat16 an embedding of its own stays on disk. */
  readonly inMemory: number
  /** The widest layer in that format and as stored, and the unembedding as stored or in that format. */
  readonly fromDisk: number
  /** What one pass over the model reads from disk. */
  readonly aPass: number
  /** What loading reads, by where the layers stay. */
  readonly atLoad: Readonly<Record<Residency, number>>
}

/** Sizes from the tensors' headers; a tensor that is missing counts nothing here. */
export function weightSizes(
  spec: ModelSpec,
  slots: ModelSlots,
  tensors: ReadonlyMap<string, TensorInfo>,
  dtype: Dtype = 'f32',
): WeightSizes {
  const sum = (names: readonly string[]): { stored: number; kept: number } => {
    let stored = 0
    let kept = 0
    for (const name of names) {
      const info = tensors.get(name)
      if (info === undefined) continue
      stored += info.end - info.begin
      kept +=
        ((info.end - info.begin) / storedFormat(info).width) * (dtype === 'f32' || info.shape.length === 1 ? 4 : 2)
    }
    return { stored, kept }
  }
  const layers = Array.from(spec.layers.keys(), layer => sum(tensorsOfLayer(slots.layer(layer))))
  const unembedding = slots.unembed?.weight.name ?? slots.embedding
  const unembed = sum([unembedding])
  const small = sum(smallEnds(slots))
  const ends = dtype === 'f32' ? sum([...new Set([slots.embedding, unembedding])]) : unembed
  const aPass = layers.reduce((total, { stored }) => total + stored, 0)
  return {
    dtype,
    inMemory: ends.kept + layers.reduce((total, { kept }) => total + kept, 0),
    fromDisk:
      (dtype === 'f32' ? unembed.stored : unembed.kept) +
      Math.max(0, ...layers.map(({ stored, kept }) => stored + kept)),
    aPass,
    atLoad: { memory: ends.stored + small.stored + aPass, disk: unembed.stored + small.stored },
  }
}

export interface MachineMemory {
  readonly freeBytes: number
  readonly totalBytes: number
}

/** What this process may use: less than the machine has where a container or other programs say so. */
export function machineMemory(): MachineMemory {
  const totalBytes = usableMemory()
  // macOS counts as free only what no file was ever cached in, which is next to nothing.
  const freeBytes = process.platform === 'darwin' ? totalBytes * 0.8 : Math.min(process.availableMemory(), totalBytes)
  return { freeBytes, totalBytes }
}

/** PATCHLIGHT_WEIGHTS, or `auto`. @throws PatchlightError for another word */
export function residencyFromEnvironment(): Residency | 'auto' {
  const value = process.env.PATCHLIGHT_WEIGHTS
  if (value === undefined || value === '' || value === 'auto') return 'auto'
  const found = RESIDENCIES.find(residency => residency === value)
  if (found !== undefined) return found
  throw new PatchlightError(`PATCHLIGHT_WEIGHTS: expected auto, ${RESIDENCIES.join(', ')}, got '${value}'`)
}

/**
 * Decides where the weights of a checkpoint stand.
 * @throws CheckpointError if they fit neither way, or not the way that was asked for; it says what would help
 */
export function chooseResidency(
  name: string,
  asked: Residency | 'auto',
  { dtype, inMemory, fromDisk }: WeightSizes,
  { freeBytes, totalBytes }: MachineMemory,
): Residency {
  const fits = (bytes: number): boolean => bytes + ROOM_BYTES <= freeBytes
  const free = `${gigabytes(freeBytes)} free of ${gigabytes(totalBytes)}`
  if (asked !== 'disk' && fits(inMemory)) return 'memory'
  if (asked === 'memory')
    throw new CheckpointError(
      `${name}: expected ${gigabytes(inMemory + ROOM_BYTES)} of memory for its weights as ${formatName(dtype)}, got ${free}; ` +
        'leave the choice to Patchlight and they are read from disk layer by layer, or close other programs',
    )
  if (fits(fromDisk)) return 'disk'
  throw new CheckpointError(
    `${name}: expected ${gigabytes(fromDisk + ROOM_BYTES)} of memory to run it layer by layer from disk, got ${free}; ` +
      'close other programs, or take a smaller model or a machine with more memory',
  )
}

/** One sentence for people, where weights stay on disk. @param bytesPerMs measured; null where too little was read to tell */
export function residencyNote(
  { dtype, inMemory, aPass }: WeightSizes,
  asked: Residency | 'auto',
  { freeBytes }: MachineMemory,
  bytesPerMs: number | null,
): string {
  const why =
    asked === 'disk'
      ? 'as asked'
      : `as ${formatName(dtype)} they take ${gigabytes(inMemory)} and ${gigabytes(freeBytes)} of memory are free`
  const time =
    bytesPerMs === null
      ? ''
      : `, about ${Math.ceil(aPass / bytesPerMs / 1000)} s at the measured ${(bytesPerMs / 1e6).toFixed(1)} GB/s`
  return `Weights stay on disk (${why}): each pass over the model reads ${gigabytes(aPass)}${time}; a sweep is one pass.`
}

/** One sentence for people, where weights are bfloat16 in memory. Null where they are float32. */
export function formatNote({ dtype, inMemory }: WeightSizes): string | null {
  if (dtype === 'f32') return null
  return (
    `Weights and products with them are bfloat16, ${gigabytes(inMemory)} in memory; sums, activations and metrics ` +
    'are float32.'
  )
}

function formatName(dtype: Dtype): string {
  return dtype === 'f32' ? 'float32' : 'bfloat16'
}

function gigabytes(bytes: number): string {
  return bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}
