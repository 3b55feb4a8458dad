/** Which ticks of two runs belong together: tokens by position or equal tokens, components by name. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alignAxes, alignTokens, isRefused } from '../../../ui/compare/align.ts'
import { numbers, tokens } from './support.ts'

const words = (text: string) => text.split(' ')
const vocabulary = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const prompt = fc.array(vocabulary, { minLength: 1, maxLength: 12 })

describe('tokens', () => {
  it.each([
    ['equal prompts by position', 'a b a', 'a b a', [0, 1, 2]],
    ['prompts of one length by position, what differs included', 'the time is am', 'the time is pm', [0, 1, 2, 3]],
    ['prompts of one length that share nothing by position', 'a b', 'c d', [0, 1]],
    ['a shifted prompt by its equal tokens', 'a b c d', 'b c d e', [-1, 0, 1, 2]],
    ['a longer prompt by its equal tokens', 'the time is am', 'now the time is am', [1, 2, 3, 4]],
    [
      'a token between equal ones with the one that stands for it',
      'it is 9 am now',
      'so it is 9 pm now',
      [1, 2, 3, 4, 5],
    ],
    ['nothing with a gap of another length', 'it is am now', 'it is half past nine now', [0, 1, -1, 5]],
  ])('%s', (_name, a, b, expected) => {
    expect(alignTokens(words(a), words(b))).toEqual(expected)
  })

  it('of prompts that are not versions of each other are refused, with the counts', () => {
    const refused = alignTokens(words('the time is nine'), words('where do you want to go'))
    expect(refused).toEqual({
      refused:
        'position: A has 4 tokens and B 6, and only 0 of them are equal in order; at least half of the shorter prompt must be.',
    })
  })

  it('are aligned in order, each with one other at most, and all where only tokens were put in', () => {
    fc.assert(
      fc.property(prompt, prompt, (a, b) => {
        const map = alignTokens(a, b)
        if (isRefused(map)) return a.length !== b.length
        const used = map.filter(at => at >= 0)
        expect(map).toHaveLength(a.length)
        expect(used.every((at, i) => at < b.length && (i === 0 || at > (used[i - 1] ?? 0)))).toBe(true)
        return true
      }),
    )
    fc.assert(
      fc.property(prompt, fc.array(fc.tuple(fc.nat(), vocabulary), { maxLength: 4 }), (a, added) => {
        const b = [...a]
        for (const [at, token] of added) b.splice(at % (b.length + 1), 0, token)
        const map = alignTokens(a, b)
        if (isRefused(map)) throw new Error(map.refused)
        expect(map.map(at => b[at])).toEqual(a)
      }),
    )
  })

  it('are aligned the same way round', () => {
    fc.assert(
      fc.property(prompt, prompt, (a, b) => {
        const there = alignTokens(a, b)
        const back = alignTokens(b, a)
        expect(isRefused(there)).toBe(isRefused(back))
        if (isRefused(there) || isRefused(back)) return
        const equal = (map: readonly number[], from: readonly string[], to: readonly string[]) =>
          map.filter((at, i) => at >= 0 && to[at] === from[i]).length
        expect(equal(there, a, b)).toBe(equal(back, b, a))
      }),
    )
  })
})

describe('axes', () => {
  it('of components go by name, keep what all runs have, and say what is left out', () => {
    const aligned = alignAxes([numbers('layer', 6), numbers('layer', 4, 2), numbers('layer', 9)])
    if (isRefused(aligned)) throw new Error(aligned.refused)
    expect(aligned.axis.ticks).toEqual(['2', '3', '4', '5'])
    expect(aligned.ticks).toEqual([
      [2, 3, 4, 5],
      [0, 1, 2, 3],
      [2, 3, 4, 5],
    ])
    expect(aligned.notes).toEqual([
      'layer: what all runs have, 4 of A’s 6, 4 of B’s 4 and 4 of C’s 9; the others are left out.',
    ])
  })

  it('show both tokens where they differ, and say so', () => {
    const aligned = alignAxes([tokens('it is am'), tokens('it is pm')])
    if (isRefused(aligned)) throw new Error(aligned.refused)
    expect(aligned.axis.ticks).toEqual(['it', 'is', 'am | pm'])
    expect(aligned.notes).toEqual(['position: 1 of 3 differ, shown as A | B.'])
  })

  it.each([
    ['of another kind', numbers('head', 4), numbers('layer', 4), 'A shows “head” where B shows “layer”.'],
    [
      'with nothing in common',
      numbers('layer', 2),
      numbers('layer', 2, 5),
      'layer: A has 0 to 1 and B has 5 to 6, and they have none in common.',
    ],
  ])('%s are refused with the reason', (_name, a, b, refused) => {
    expect(alignAxes([a, b])).toEqual({ refused })
  })

  it('with repeated names pair the first with the first', () => {
    const component = (ticks: string[]) => ({ kind: 'component', label: 'component', ticks }) as const
    const aligned = alignAxes([component(['a', 'b', 'a']), component(['a', 'a', 'c'])])
    if (isRefused(aligned)) throw new Error(aligned.refused)
    expect(aligned.ticks).toEqual([
      [0, 2],
      [0, 1],
    ])
  })
})
