/**
 * Attention patterns of a cell's layer, without and with its patch, from `hook_pattern`. A window of
 * 128 tokens bounds what is computed and sent: one head whole, all heads as small pictures. The last
 * layer asked for is kept, so that going from head to head costs no pass.
 */
import { internalError, ShapeError } from '../../../engine/errors.ts'
import type { Model } from '../../../engine/model.ts'
import { pointOf } from '../../../engine/points.ts'
import { runWithHooks } from '../../../hooks/hooked.ts'
import type { CellQuestion } from '../../study.ts'
import { absolute } from './detail.ts'
import type { AttentionQuestion, CellAddress, CellAttention, TokenWindow } from './types.ts'
import { tokenWindow, windowPositions } from './window.ts'

/** 128 × 128 weights of one head: about 200 kB as text, and more than a screen tells apart. */
const MAX_TOKENS = 128
/** Cells along a side of a small picture. */
const SMALL = 24
const DECIMALS = 1e5

/** Weights of all heads at the window's queries: [head, query, key], keys from 0. */
interface Patterns {
  readonly before: Float32Array
  readonly after: Float32Array
  readonly keys: number
}

/** The layer looked at last, of each model. */
const kept = new WeakMap<Model, { readonly key: string; readonly patterns: Patterns }>()

/** @throws ShapeError for a layer or head that the model does not have */
export async function cellAttention(
  model: Model,
  cell: CellAddress,
  question: CellQuestion,
  { layer, head, from }: AttentionQuestion,
  signal?: AbortSignal,
): Promise<CellAttention> {
  const { layers, heads } = model.spec
  checkIndex('layer', layer, layers.length)
  checkIndex('head', head, heads)
  const window = tokenWindow(model.tokenizer, question.ids, absolute(question), MAX_TOKENS, from)
  const patterns = await patternsOf(model, question, layer, window, signal)
  const grids = (side: Float32Array) =>
    Array.from({ length: heads }, (_, one) => gridOf(side, patterns.keys, one, window))
  const before = grids(patterns.before)
  const after = grids(patterns.after)
  const size = Math.min(SMALL, window.labels.length)
  const small = (grid: Float32Array) => rounded(shrunk(grid, window.labels.length, size), 1e3)
  return {
    ...cell,
    layer,
    head,
    window,
    before: rounded(before[head] ?? [], DECIMALS),
    after: rounded(after[head] ?? [], DECIMALS),
    earlier:
      window.from === 0
        ? null
        : {
            before: rounded(earlierOf(patterns.before, patterns.keys, head, window), DECIMALS),
            after: rounded(earlierOf(patterns.after, patterns.keys, head, window), DECIMALS),
          },
    heads: before.map((grid, one) => ({ before: small(grid), after: small(after[one] ?? grid) })),
    size,
    changes: before.map((grid, one) => round(largestChange(grid, after[one] ?? grid), DECIMALS)),
  }
}

function checkIndex(what: string, index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new ShapeError(`attention: expected a ${what} from 0 to ${count - 1}, got ${index}`)
}

async function patternsOf(
  model: Model,
  { ids, interventions }: CellQuestion,
  layer: number,
  window: TokenWindow,
  signal?: AbortSignal,
): Promise<Patterns> {
  const key = JSON.stringify([ids, interventions, layer, window.from])
  const known = kept.get(model)
  if (known?.key === key) return known.patterns
  const { name } = pointOf('pattern', layer)
  const [before, after] = await runWithHooks(model, [{ ids }, { ids, interventions }], {
    capture: name,
    capturePositions: windowPositions(window),
    ...(signal === undefined ? {} : { signal }),
  })
  if (before === undefined || after === undefined) throw internalError('a cell without runs')
  const patterns = {
    before: before.capture.get(name).data,
    after: after.capture.get(name).data,
    keys: ids.length,
  }
  kept.set(model, { key, patterns })
  return patterns
}

/** One head's weights within the window: [query, key]. */
function gridOf(side: Float32Array, keys: number, head: number, { from, labels }: TokenWindow): Float32Array {
  const width = labels.length
  const grid = new Float32Array(width * width)
  for (let query = 0; query < width; query++) {
    const begin = (head * width + query) * keys + from
    grid.set(side.subarray(begin, begin + width), query * width)
  }
  return grid
}

function earlierOf(side: Float32Array, keys: number, head: number, { from, labels }: TokenWindow): number[] {
  return labels.map((_, query) => {
    const begin = (head * labels.length + query) * keys
    return side.subarray(begin, begin + from).reduce((sum, weight) => sum + weight, 0)
  })
}

/** [width, width] → [size, size]; each cell the largest of those under it, so that a lone bright one stays. */
function shrunk(grid: Float32Array, width: number, size: number): Float32Array {
  if (size === width) return grid
  const small = new Float32Array(size * size)
  const to = (at: number) => Math.floor((at * size) / width)
  for (let query = 0; query < width; query++)
    for (let key = 0; key <= query; key++) {
      const at = to(query) * size + to(key)
      small[at] = Math.max(small[at] ?? 0, grid[query * width + key] ?? 0)
    }
  return small
}

function largestChange(before: Float32Array, after: Float32Array): number {
  let most = 0
  for (let i = 0; i < before.length; i++) most = Math.max(most, Math.abs((after[i] ?? 0) - (before[i] ?? 0)))
  return most
}

/** JSON writes every digit of a float; NaN, which it cannot write, becomes 0 like a weight that is not there. */
const round = (value: number, decimals: number): number => (Math.round(value * decimals) || 0) / decimals
const rounded = (values: ArrayLike<number>, decimals: number): number[] =>
  Array.from(values, value => round(value, decimals))
