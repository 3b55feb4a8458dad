/**
 * Which ticks of several runs' axes belong together. Components (layers, heads, neurons, parts) go by
 * their names. Tokens go by position where the prompts are as long and nothing aligns better, else by
 * equal tokens in order: a longest common subsequence, in whose gaps of equal length tokens stand for
 * each other (`am` for `pm`), since those are what a comparison is about. What has no counterpart in
 * every run is left out and said; what cannot be aligned is refused with the reason. Pure.
 */
import type { Axis } from '../../studies/figure.ts'
import { letterOf, spoken } from './side.ts'

export interface AlignedAxis {
  /** Ticks that all runs have; where their words differ, all of them: `am | pm`. */
  readonly axis: Axis
  /** For each run in turn, its own tick of each aligned tick. */
  readonly ticks: readonly (readonly number[])[] // [run][tick]
  /** What a reader should know of how it was done. */
  readonly notes: readonly string[]
}

export interface Refused {
  readonly refused: string
}

export function isRefused(answer: object): answer is Refused {
  return 'refused' in answer
}

/** Less than this part of the shorter prompt in common, and two prompts are not versions of each other. */
const LEAST_SHARE = 0.5
/** Entries of the table of common subsequences: 4 bytes each. Prompts of 4,000 tokens fit. */
const MAX_TABLE = 16_000_000

/** @param axes one a run, at least one */
export function alignAxes(axes: readonly [Axis, ...Axis[]]): AlignedAxis | Refused {
  const [first, ...others] = axes
  for (const [i, other] of others.entries()) {
    if (other.kind !== first.kind || other.label !== first.label) {
      return { refused: `A shows “${first.label}” where ${letterOf(i + 1)} shows “${other.label}”.` }
    }
  }
  const maps: (readonly number[])[] = []
  const notes: string[] = []
  for (const [i, other] of others.entries()) {
    const found =
      first.kind === 'position'
        ? alignTokens(first.ticks, other.ticks, letterOf(i + 1))
        : alignNames(first.ticks, other.ticks)
    if (isRefused(found)) return found
    maps.push(found)
  }
  const kept = first.ticks.flatMap((_, tick) => (maps.every(map => (map[tick] ?? -1) >= 0) ? [tick] : []))
  if (kept.length === 0) return { refused: `${first.label}: ${nothingShared(axes)}` }
  const ticks = [kept, ...maps.map(map => kept.map(tick => map[tick] ?? -1))]
  const labels = kept.map((_, k) => {
    const words = axes.map((axis, run) => axis.ticks[ticks[run]?.[k] ?? -1] ?? '')
    return words.every(word => word === words[0]) ? (words[0] ?? '') : words.join(' | ')
  })
  const left = axes.map(axis => axis.ticks.length - kept.length)
  if (left.some(count => count > 0)) {
    const counts = axes.map((axis, run) => `${kept.length} of ${letterOf(run)}’s ${axis.ticks.length}`)
    const how = first.kind === 'position' ? 'aligned by equal tokens' : 'what all runs have'
    notes.push(`${first.label}: ${how}, ${spoken(counts)}; the others are left out.`)
  }
  const differing = labels.filter((label, k) => label !== axes[0].ticks[kept[k] ?? -1]).length
  if (differing > 0)
    notes.push(`${first.label}: ${differing} of ${kept.length} differ, shown as ${pattern(axes.length)}.`)
  return { axis: { kind: first.kind, label: first.label, ticks: labels }, ticks, notes }
}

/**
 * For each token of `a` its counterpart in `b`, or −1.
 * @param name what the second run is called, for the refusal
 */
export function alignTokens(a: readonly string[], b: readonly string[], name = 'B'): readonly number[] | Refused {
  if (a.length === b.length && a.every((token, i) => token === b[i])) return a.map((_, i) => i)
  const asLong = a.length === b.length
  const identity = () => a.map((_, i) => i)
  if (a.length * b.length > MAX_TABLE) {
    if (asLong) return identity()
    return {
      refused: `position: prompts of ${a.length} and ${b.length} tokens are too long to be aligned by their tokens.`,
    }
  }
  const common = commonTokens(a, b)
  const inPlace = a.filter((token, i) => token === b[i]).length
  const enough = common.length >= LEAST_SHARE * Math.min(a.length, b.length)
  if (asLong && (inPlace >= common.length || !enough)) return identity()
  if (!enough) {
    return {
      refused: `position: A has ${a.length} tokens and ${name} ${b.length}, and only ${common.length} of them are equal in order; at least half of the shorter prompt must be.`,
    }
  }
  return withSubstitutes(common, a.length, b.length)
}

/** Components by name; of equal names the first belongs to the first. */
function alignNames(a: readonly string[], b: readonly string[]): readonly number[] {
  const places = new Map<string, number[]>()
  b.forEach((name, i) => {
    const known = places.get(name)
    if (known === undefined) places.set(name, [i])
    else known.push(i)
  })
  return a.map(name => places.get(name)?.shift() ?? -1)
}

/** Pairs of a longest common subsequence, in order. */
function commonTokens(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  const width = b.length + 1
  // length[i · width + j]: of the longest one of a[i…] and b[j…].
  const length = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const both = a[i] === b[j] ? (length[(i + 1) * width + j + 1] ?? 0) + 1 : 0
      length[i * width + j] = Math.max(both, length[(i + 1) * width + j] ?? 0, length[i * width + j + 1] ?? 0)
    }
  }
  const pairs: [number, number][] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const here = length[i * width + j] ?? 0
    if (a[i] === b[j] && here === (length[(i + 1) * width + j + 1] ?? 0) + 1) pairs.push([i++, j++])
    else if (here === length[(i + 1) * width + j]) i++
    else j++
  }
  return pairs
}

/** Tokens between two common ones stand for each other where there are as many of them. */
function withSubstitutes(common: readonly (readonly [number, number])[], a: number, b: number): readonly number[] {
  const map = new Array<number>(a).fill(-1)
  let beforeA = -1
  let beforeB = -1
  for (const [i, j] of [...common, [a, b] as const]) {
    if (i - beforeA === j - beforeB) for (let k = beforeA + 1; k < i; k++) map[k] = beforeB + (k - beforeA)
    if (i < a) map[i] = j
    beforeA = i
    beforeB = j
  }
  return map
}

function nothingShared(axes: readonly Axis[]): string {
  const each = axes.map(({ ticks }, run) => `${letterOf(run)} has ${ticks[0] ?? 'none'} to ${ticks.at(-1) ?? 'none'}`)
  return `${spoken(each)}, and they have none in common.`
}

function pattern(runs: number): string {
  return Array.from({ length: runs }, (_, run) => letterOf(run)).join(' | ')
}
