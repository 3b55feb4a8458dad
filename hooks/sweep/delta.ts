/**
 * What a patch adds to the saved stream where its lane joins. The change of an activation is the
 * new values minus the base's; points behind one matrix go through the few columns that changed.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend, HostProducts, Weight } from '../../engine/backends/types.ts'
import { internalError } from '../../engine/errors.ts'
import type { Point } from '../../engine/points.ts'
import type { LayerWeights } from '../../engine/weights.ts'
import { applyChange, type Edit } from '../edit.ts'
import type { BaseRun } from './base-run.ts'

/** What one row of an activation gains where a lane joins. */
export interface Entry {
  readonly point: Point
  readonly position: number
  /** First changed feature. */
  readonly offset: number
  /** New values minus the base's. */
  readonly difference: Float32Array
  /** The base's values there. */
  readonly before: Float32Array
}

/** An entry, and the row of the stream block that takes it. */
export interface PlacedEntry {
  readonly entry: Entry
  readonly row: number
}

/**
 * What edits at the joining boundary change, against the base's activations. Edits of one row are
 * applied one after another, as the pass would; rows whose numbers stay are left out.
 */
export function entriesOf(edits: readonly Edit[], base: BaseRun): Entry[] {
  const rows = new Map<string, Edit[]>()
  for (const edit of edits) {
    const key = `${edit.point.name}|${edit.position}`
    const row = rows.get(key)
    if (row === undefined) rows.set(key, [edit])
    else row.push(edit)
  }
  return [...rows.values()].flatMap(row => entryOf(row, base) ?? [])
}

function entryOf(edits: readonly Edit[], base: BaseRun): Entry | null {
  const [first] = edits
  if (first === undefined) return null
  const { point, position } = first
  const offset = Math.min(...edits.map(edit => edit.offset))
  const end = Math.max(...edits.map(edit => edit.offset + edit.length))
  const old = base.row(point, position).subarray(offset, end)
  const difference = old.slice()
  for (const edit of edits)
    applyChange(difference.subarray(edit.offset - offset, edit.offset - offset + edit.length), edit.change)
  let differs = false
  for (let i = 0; i < difference.length; i++) {
    difference[i] = (difference[i] ?? 0) - (old[i] ?? 0)
    if (difference[i] !== 0) differs = true
  }
  return differs ? { point, position, offset, difference, before: old } : null
}

/** A changed stretch of features of one row. */
interface Difference {
  /** First number of the row in the stream block that the delta is added to. */
  readonly at: number
  readonly offset: number
  readonly values: Float32Array
  readonly before: Float32Array
}

/** Columns taken at once from a matrix as products; fewer are added one by one. */
const MIN_PRODUCT_COLUMNS = 8

/**
 * Adds the deltas of entries at one boundary to a block of stream rows.
 * @param block [rows · d_model], changed in place
 * @param weights of the layer that the entries' points are in; null for the embedding
 */
export function addDeltas(
  backend: Backend,
  entries: readonly PlacedEntry[],
  weights: LayerWeights | null,
  block: Float32Array,
  width: number,
): void {
  const through = new Map<Weight, Difference[]>()
  for (const { entry, row } of entries) {
    const at = row * width
    const { offset, difference: values, before } = entry
    const weight = matrixBehind(entry.point, weights)
    if (weight !== null) {
      const list = through.get(weight)
      if (list === undefined) through.set(weight, [{ at, offset, values, before }])
      else list.push({ at, offset, values, before })
      continue
    }
    // `result` holds one stretch of the stream's width a head; all others are the stream's width themselves.
    for (let i = 0; i < values.length; i++) {
      const target = at + ((offset + i) % width)
      block[target] = (block[target] ?? 0) + (values[i] ?? 0)
    }
  }
  for (const [weight, differences] of through) addThrough(backend, weight, differences, block)
}

/** The matrix between a point and the stream, or null where there is none. */
function matrixBehind({ site, name }: Point, weights: LayerWeights | null): Weight | null {
  if (site !== 'z' && site !== 'mlp_post') return null
  const weight = site === 'z' ? weights?.o.weight : weights?.mlp?.down.weight
  if (weight === undefined) throw internalError(`no matrix behind ${name}`)
  return weight
}

function addThrough(backend: Backend, weight: Weight, differences: readonly Difference[], block: Float32Array): void {
  if (backend.dtype !== 'f32') {
    addRounded(backend, weight, differences, block)
    return
  }
  const groups = new Map<string, Difference[]>()
  const single: Difference[] = []
  for (const difference of differences) {
    if (difference.values.length < MIN_PRODUCT_COLUMNS) {
      single.push(difference)
      continue
    }
    const key = `${difference.offset}+${difference.values.length}`
    const list = groups.get(key) ?? []
    list.push(difference)
    groups.set(key, list)
  }
  addColumns(weight, single, block)
  for (const group of groups.values()) addProduct(backend, weight, group, block)
}

/** Rows of one product of `addRounded`: their zeros take room too. */
const ROUNDED_ROWS = 256

/**
 * The same where a product rounds its input: what the pass would have rounded are the values before
 * and after, so each goes through by itself, and sweep and plain loop differ by float32 only. Columns
 * of a packed matrix are not at hand: the rows are full width, with zeros around what changed.
 */
function addRounded(backend: Backend, weight: Weight, differences: readonly Difference[], block: Float32Array): void {
  const { inSize, outSize } = weight
  for (let from = 0; from < differences.length; from += ROUNDED_ROWS / 2) {
    const part = differences.slice(from, from + ROUNDED_ROWS / 2)
    tf.tidy(() => {
      const left = new Float32Array(2 * part.length * inSize)
      for (const [i, { offset, values, before }] of part.entries()) {
        const after = (2 * i + 1) * inSize + offset
        left.set(before, 2 * i * inSize + offset)
        for (let j = 0; j < values.length; j++) left[after + j] = (before[j] ?? 0) + (values[j] ?? 0)
      }
      const sums = backend.view(backend.linear(tf.tensor2d(left, [2 * part.length, inSize]), weight))
      for (const [i, { at }] of part.entries())
        for (let j = 0; j < outSize; j++) {
          const before = 2 * i * outSize + j
          block[at + j] = (block[at + j] ?? 0) + (sums[before + outSize] ?? 0) - (sums[before] ?? 0)
        }
    })
  }
}

/**
 * A few columns each: block row += Σ value · column. Walks the matrix in the order in which it lies
 * in memory, so that it is read once.
 */
function addColumns(weight: Weight, differences: readonly Difference[], block: Float32Array): void {
  const { data, inSize, outSize, transposed } = weight
  if (transposed) {
    for (const { at, offset, values } of differences)
      for (const [i, value] of values.entries()) {
        const column = (offset + i) * outSize
        for (let out = 0; out < outSize; out++)
          block[at + out] = (block[at + out] ?? 0) + value * (data[column + out] ?? 0)
      }
    return
  }
  for (let out = 0; out < outSize; out++) {
    const row = out * inSize
    for (const { at, offset, values } of differences) {
      let sum = 0
      for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) * (data[row + offset + i] ?? 0)
      block[at + out] = (block[at + out] ?? 0) + sum
    }
  }
}

/** The same columns for many rows: products with the matrix's slice. */
function addProduct(backend: Backend, weight: Weight, group: readonly Difference[], block: Float32Array): void {
  const [first] = group
  if (first === undefined) return
  if (backend.windows !== null) {
    for (const run of runsOf(group, weight.outSize)) addInPlace(backend.windows, weight, run, block)
    return
  }
  const columns = first.values.length
  const slice = columns === weight.inSize ? weight : sliceColumns(weight, first.offset, columns)
  try {
    tf.tidy(() => {
      const added = backend.view(backend.linear(tf.tensor2d(stacked(group), [group.length, columns]), slice))
      for (const [i, { at }] of group.entries())
        for (let j = 0; j < weight.outSize; j++)
          block[at + j] = (block[at + j] ?? 0) + (added[i * weight.outSize + j] ?? 0)
    })
  } finally {
    if (slice !== weight) backend.release(slice)
  }
}

/** Differences whose rows follow one another. */
function runsOf(group: readonly Difference[], width: number): Difference[][] {
  const runs: Difference[][] = []
  for (const difference of group) {
    const last = runs.at(-1)
    if (last?.at(-1)?.at === difference.at - width) last.push(difference)
    else runs.push([difference])
  }
  return runs
}

/** Onto the block where it lies, by the matrix where it lies. */
function addInPlace(windows: HostProducts, weight: Weight, run: readonly Difference[], block: Float32Array): void {
  const { data, inSize, outSize, transposed } = weight
  const [first] = run
  if (first === undefined) return
  const { at, offset, values } = first
  windows.multiply({
    m: run.length,
    n: outSize,
    k: values.length,
    a: { values: stacked(run), stride: values.length },
    b: transposed
      ? { values: data.subarray(offset * outSize), stride: outSize }
      : { values: data.subarray(offset), stride: inSize },
    transposeB: !transposed,
    c: { values: block.subarray(at), stride: outSize },
    add: true,
  })
}

/** [differences, columns] */
function stacked(differences: readonly Difference[]): Float32Array {
  const columns = differences[0]?.values.length ?? 0
  const rows = new Float32Array(differences.length * columns)
  for (const [i, { values }] of differences.entries()) rows.set(values, i * columns)
  return rows
}

/** The part of a matrix that some input features meet. */
export function sliceColumns(weight: Weight, offset: number, columns: number): Weight {
  const { name, data: all, inSize, outSize, transposed } = weight
  const part = { name: `${name}[${offset}+${columns}]`, outSize, inSize: columns, transposed }
  if (transposed) return { ...part, data: all.subarray(offset * outSize, (offset + columns) * outSize) }
  const data = new Float32Array(outSize * columns)
  for (let out = 0; out < outSize; out++) {
    const begin = out * inSize + offset
    data.set(all.subarray(begin, begin + columns), out * columns)
  }
  return { ...part, data }
}
