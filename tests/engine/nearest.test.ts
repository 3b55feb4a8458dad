import { describe, expect, it } from 'vitest'
import { nearest } from '../../engine/nearest.ts'

describe('nearest', () => {
  it('puts the fewest edits first: a letter changed, left out, added, or swapped', () => {
    const names = ['zebra', 'hook_resid_mid', 'hook_resid_post', 'hook_resid_pre']
    for (const typo of ['hook_resid_poost', 'hook_resid_pos', 'hook_resid_psot', 'Hook_Resid_Post']) {
      expect(nearest(typo, names, 1)).toEqual(['hook_resid_post'])
    }
    expect(nearest('hook_resid_pre', names)).toEqual(['hook_resid_pre', 'hook_resid_mid', 'hook_resid_post'])
  })

  it('counts a swap as one edit', () => {
    expect(nearest('ab', ['xb', 'ba'], 2)).toEqual(['xb', 'ba'])
    expect(nearest('abcd', ['xycd', 'bacd'], 1)).toEqual(['bacd'])
  })

  it('copes with nothing and with very long names', () => {
    expect(nearest('a', [])).toEqual([])
    expect(nearest('', ['abc', 'a'], 1)).toEqual(['a'])
    expect(nearest('a'.repeat(100_000), ['b', 'a'.repeat(100_000)], 1)).toEqual(['a'.repeat(100_000)])
  })
})
