/**
 * Attention patterns of a cell's layer, without and with its patch. A window of 128 tokens bounds what
 * is computed, kept and sent: one head whole, all heads as small pictures. All heads' windows of the
 * layer are kept for a while, so that going from head to head costs no pass.
 */
import { ShapeError } from '../../../engine/errors.ts'
import type { Model } from '../../../engine/model.ts'
import { readPatterns } from '../../../hooks/attention-patterns.ts'
import type { CellQuestion } from '../../study.ts'
import { absolute } from './detail.ts'
import type { Keep } from './look.ts'
import type { AttentionQuestion, CellAddress, CellAttention, TokenWindow } from './types.ts'
import { tokenWindow } from './window.ts'

/** 128 × 128 weights of one head: about 200 kB as text, and more than a screen tells apart. */
const MAX_TOKENS = 128
/** Cells along a side of a small picture. */
const SMALL = 24
const DECIMALS = 1e5

/** What is kept of a pattern: 66 kB a head, however long the prompt. */
interface Patterns {
  readonly grids: Float32Array // [head, query, key] of the window
  /** What each query gives to keys before the window. */
  readonly earlier: Float32Array // [head, query]
}

/** @throws ShapeError for a layer or head that the model does not have */
export async function cellAttention(
  model: Model,
  cell: CellAddress,
  question: CellQuestion,
  { layer, head, from }: AttentionQuestion,
  keep: Keep,
  signal?: AbortSignal,
): Promise<CellAttention> {
  const { layers, heads } = model.spec
  checkIndex('layer', layer, layers.length)
  checkIndex('head', head, heads)
  const window = tokenWindow(model.tokenizer, question.ids, absolute(question), MAX_TOKENS, from)
  const [first, second] = await keep(`patterns ${layer} ${window.from}`, bytesOf, () =>
    patternsOf(model, question, layer, window, signal),
  )
  const width = window.labels.length
  const gridsOf = ({ grids }: Patterns) =>
    Array.from({ length: heads }, (_, one) => grids.subarray(one * width ** 2, (one + 1) * width ** 2))
  const earlierOf = ({ earlier }: Patterns) => rounded(earlier.subarray(head * width, (head + 1) * width), DECIMALS)
  const before = gridsOf(first)
  const after = gridsOf(second)
  const size = Math.min(SMALL, width)
  const small = (grid: Float32Array) => rounded(shrunk(grid, width, size), 1e3)
  return {
    ...cell,
    layer,
    head,
    window,
    before: rounded(before[head] ?? [], DECIMALS),
    after: rounded(after[head] ?? [], DECIMALS),
    earlier: window.from === 0 ? null : { before: earlierOf(first), after: earlierOf(second) },
    heads: before.map((grid, one) => ({ before: small(grid), after: small(after[one] ?? grid) })),
    size,
    changes: before.map((grid, one) => round(largestChange(grid, after[one] ?? grid), DECIMALS)),
  }
}

function checkIndex(what: string, index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new ShapeError(`attention: expected a ${what} from 0 to ${count - 1}, got ${index}`)
}

type BothPatterns = readonly [before: Patterns, after: Patterns]

const bytesOf = (both: BothPatterns): number =>
  both.reduce((sum, { grids, earlier }) => sum + grids.byteLength + earlier.byteLength, 0)

/** The patterns without and with the patch, each piece reduced to its window as soon as it is there. */
async function patternsOf(
  model: Model,
  { ids, interventions }: CellQuestion,
  layer: number,
  { from, labels }: TokenWindow,
  signal?: AbortSignal,
): Promise<BothPatterns> {
  const { heads } = model.spec
  const width = labels.length
  const empty = (): Patterns => ({
    grids: new Float32Array(heads * width ** 2),
    earlier: new Float32Array(heads * width),
  })
  const both: BothPatterns = [empty(), empty()]
  const asked = { layer, from, count: width, ...(signal === undefined ? {} : { signal }) }
  await readPatterns(model, [{ ids }, { ids, interventions }], asked, ({ run, first, queries, keys, weights }) => {
    const { grids, earlier } = both[run === 0 ? 0 : 1]
    for (let head = 0; head < heads; head++)
      for (let query = 0; query < queries; query++) {
        const row = weights.subarray((head * queries + query) * keys, (head * queries + query + 1) * keys)
        const at = head * width + first - from + query
        grids.set(row.subarray(from), at * width)
        let sum = 0
        for (let key = 0; key < from; key++) sum += row[key] ?? 0
        earlier[at] = sum
      }
  })
  return both
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
