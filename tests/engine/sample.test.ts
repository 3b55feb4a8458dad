/** Choosing tokens: each filter, the shares, and the seed. */
import { describe, expect, it } from 'vitest'
import { PatchlightError } from '../../engine/errors.ts'
import { mulberry32 } from '../../engine/random.ts'
import { makeSampler, type SamplingOptions } from '../../engine/sample.ts'
import { randomValues } from '../support/random.ts'

/** Probabilities 0.4, 0.3, 0.2, 0.1 at ids 2, 0, 3, 1. */
const FOUR = Float32Array.from([0.3, 0.1, 0.4, 0.2], Math.log)

/** How often each id is drawn. */
function shares(logits: Float32Array, options: SamplingOptions, draws = 4000): number[] {
  const sample = makeSampler(options)
  const counts = new Array(logits.length).fill(0)
  for (let i = 0; i < draws; i++) counts[sample(logits)]++
  return counts.map(count => count / draws)
}

/** Four standard deviations of a share of 4,000 draws are 0.032. */
function expectShares(options: SamplingOptions, expected: readonly number[]): void {
  for (const [i, share] of shares(FOUR, { seed: 5, ...options }).entries()) {
    if (expected[i] === 0) expect(share).toBe(0)
    else expect(Math.abs(share - (expected[i] ?? 0))).toBeLessThan(0.032)
  }
}

describe('[G2] sampling', () => {
  it('temperature 0 takes the largest, the lowest id on a tie', () => {
    expect(makeSampler()(FOUR)).toBe(2)
    expect(makeSampler({ temperature: 0, topK: 3, topP: 0.5 })(Float32Array.of(1, 3, 3, 2))).toBe(1)
    expect(makeSampler({ temperature: 5, topK: 1 })(FOUR)).toBe(2)
  })

  it('temperature 1 draws by the model’s shares; another one bends them', () => {
    expectShares({ temperature: 1 }, [0.3, 0.1, 0.4, 0.2])
    const squared = [0.09, 0.01, 0.16, 0.04].map(p => p / 0.3)
    expectShares({ temperature: 0.5 }, squared)
  })

  it('topK keeps the largest, topP the fewest that reach it, topK first', () => {
    expectShares({ temperature: 1, topK: 2 }, [3 / 7, 0, 4 / 7, 0])
    expectShares({ temperature: 1, topK: 9 }, [0.3, 0.1, 0.4, 0.2])
    expectShares({ temperature: 1, topP: 0.69 }, [3 / 7, 0, 4 / 7, 0])
    expectShares({ temperature: 1, topP: 0.71 }, [3 / 9, 0, 4 / 9, 2 / 9])
    expectShares({ temperature: 1, topP: 0.01 }, [0, 0, 1, 0])
    // Of the three largest, 4/9 and 3/9 reach 0.75; of all four they would not.
    expectShares({ temperature: 1, topK: 3, topP: 0.75 }, [3 / 7, 0, 4 / 7, 0])
  })

  it('of equal logits the lowest ids stay', () => {
    const counts = shares(Float32Array.of(1, 2, 1, 1, 2), { temperature: 1, topK: 3 }, 300)
    expect(counts.map(count => count > 0)).toEqual([true, true, false, false, true])
  })

  it('topP over a large vocabulary is that of the sorted list', () => {
    const logits = randomValues(5000, 2).map(x => x * 4)
    const weights = Array.from(logits, (x, id) => ({ id, weight: Math.exp(x) })).sort((a, b) => b.weight - a.weight)
    const total = weights.reduce((sum, { weight }) => sum + weight, 0)
    let sum = 0
    const allowed = new Set(
      weights
        .filter(({ weight }) => {
          const before = sum
          sum += weight
          return before < 0.1 * total
        })
        .map(({ id }) => id),
    )
    const drawn = new Set<number>()
    const sample = makeSampler({ temperature: 1, topP: 0.1, seed: 1 })
    for (let i = 0; i < 500; i++) drawn.add(sample(logits))
    expect([...drawn].filter(id => !allowed.has(id))).toEqual([])
    expect(drawn.size).toBeGreaterThan(allowed.size / 3)
  })

  it('one seed gives one sequence, another another', () => {
    const draw = (seed?: number) => {
      const sample = makeSampler({ temperature: 1, ...(seed === undefined ? {} : { seed }) })
      return Array.from({ length: 30 }, () => sample(FOUR)).join('')
    }
    expect(draw(7)).toBe(draw(7))
    expect(draw()).toBe(draw(0))
    expect(draw(7)).not.toBe(draw(8))
    // The generator is part of the contract: a run.json with a seed stays repeatable.
    const random = mulberry32(1)
    expect([random(), random(), random()].map(x => x * 2 ** 32)).toEqual([2693262067, 11749833, 2265367787])
  })

  it.each<[SamplingOptions, string]>([
    [{ temperature: -1 }, 'a temperature of at least 0, got -1'],
    [{ temperature: Number.NaN }, 'a temperature of at least 0, got NaN'],
    [{ topK: 0 }, 'topK to be a whole number from 1, got 0'],
    [{ topK: 1.5 }, 'topK to be a whole number from 1, got 1.5'],
    [{ topP: 0 }, 'topP to be above 0 and at most 1, got 0'],
    [{ topP: 1.1 }, 'topP to be above 0 and at most 1, got 1.1'],
    [{ seed: -1 }, 'a seed from 0 to 2³² − 1, got -1'],
    [{ seed: 2 ** 32 }, 'a seed from 0 to 2³² − 1, got 4294967296'],
  ])('%j is an error', (options, message) => {
    expect(() => makeSampler(options)).toThrow(new PatchlightError(`generate: expected ${message}`))
  })

  it('a logit that is NaN is an error, not a token', () => {
    expect(() => makeSampler()(Float32Array.of(1, Number.NaN))).toThrow('got NaN for token 1')
  })

  it('logits of which none is largest are an error, not token 0', () => {
    const [high, low] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    expect(() => makeSampler({ temperature: 1 })(Float32Array.of(1, high))).toThrow('got Infinity for token 1')
    expect(() => makeSampler()(Float32Array.of(low, low))).toThrow('got -Infinity for token 0')
    expect(makeSampler()(Float32Array.of(low, 1))).toBe(1)
  })
})
