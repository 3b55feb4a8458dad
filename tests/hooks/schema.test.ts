/** Interventions from JSON: what is read, and which field of which one is wrong. */
import { describe, expect, it } from 'vitest'
import { PatchlightError } from '../../engine/errors.ts'
import { parseInterventions } from '../../hooks/intervention.ts'

const good = { at: 'L1H3', set: { zero: true } }

describe('[I10] parseInterventions', () => {
  it('gives back what it reads, with defaults', () => {
    const list = [
      good,
      { at: 'N5@L0', position: 'all', set: { mean: 0.5 } },
      { at: 'resid_pre@L0', position: -1, set: { value: [1, 2] } },
      { at: 'blocks.0.attn.hook_k', head: 1, position: [0, 2], set: { scale: -1 } },
      { at: 'mlp_post@L1', neuron: 3, set: { add: [1], coefficient: 2 } },
      { at: 'L0H0', set: { from: 'a prompt', position: -1 } },
      { at: 'L0H0', set: { from: [1, 2] } },
    ]
    expect(parseInterventions(JSON.parse(JSON.stringify(list)))).toEqual(list)
    expect(parseInterventions([{ at: 'L0H0', set: { add: [1] } }])).toEqual([
      { at: 'L0H0', set: { add: [1], coefficient: 1 } },
    ])
    expect(parseInterventions([])).toEqual([])
  })

  it.each<[unknown, string]>([
    [{ ...good, sett: 1 }, ': Unrecognized key: "sett"'],
    [{ set: { zero: true } }, ', at: Invalid input: expected string, received undefined'],
    [{ at: '', set: { zero: true } }, ', at: '],
    [{ ...good, head: -1 }, ', head: '],
    [{ ...good, neuron: 1.5 }, ', neuron: '],
    [
      { ...good, position: 'last' },
      ", position: expected a position (0 is the first, -1 the last), a list of them, or 'all'",
    ],
    [{ ...good, position: [] }, ', position: Too small: expected array'],
    [{ ...good, position: [0.5] }, ', position: expected a position'],
    [{ at: 'L0H0' }, ', set: expected one of zero, mean, value, scale, add, from, got undefined'],
    [{ at: 'L0H0', set: 3 }, ', set: expected one of zero, mean, value, scale, add, from, got 3'],
    [{ at: 'L0H0', set: {} }, ', set: expected one of zero, mean, value, scale, add, from, got {}'],
    [{ at: 'L0H0', set: { zeros: true } }, ', set: expected one of zero, mean, value, scale, add, from, got zeros'],
    [{ at: 'L0H0', set: { zero: false } }, ', set.zero: '],
    [{ at: 'L0H0', set: { zero: true, scale: 2 } }, ', set: Unrecognized key: "scale"'],
    [{ at: 'L0H0', set: { scale: '2' } }, ', set.scale: Invalid input: expected number, received string'],
    [{ at: 'L0H0', set: { scale: 1e39 } }, ', set.scale: expected a number within float32'],
    [{ at: 'L0H0', set: { value: ['a'] } }, ', set.value: expected a number, or a list of at least one'],
    [{ at: 'L0H0', set: { mean: [] } }, ', set.mean: Too small: expected array'],
    [{ at: 'L0H0', set: { add: [] } }, ', set.add: '],
    [{ at: 'L0H0', set: { add: [1, null] } }, ', set.add.1: '],
    [{ at: 'L0H0', set: { add: [1], coefficient: 'x' } }, ', set.coefficient: '],
    [{ at: 'L0H0', set: { from: '' } }, ', set.from: Too small: expected string'],
    [{ at: 'L0H0', set: { from: 3 } }, ', set.from: expected a prompt, or a list of token ids'],
    [{ at: 'L0H0', set: { from: [1], position: {} } }, ', set.position: expected a position'],
    [null, ': Invalid input: expected object, received null'],
    ['zero', ': Invalid input: expected object, received string'],
  ])('%j is an error that says where', (item, message) => {
    expect(() => parseInterventions([good, item])).toThrow(PatchlightError)
    expect(() => parseInterventions([good, item])).toThrow(`intervention 1${message}`)
  })

  it.each<[unknown, string]>([
    [null, 'null'],
    [{}, 'object'],
    ['[]', 'string'],
    [undefined, 'undefined'],
  ])('%j is no list', (json, got) => {
    expect(() => parseInterventions(json)).toThrow(`interventions: expected a list, got ${got}`)
  })
})
