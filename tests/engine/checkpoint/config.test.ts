import { describe, expect, it } from 'vitest'
import { configReader } from '../../../engine/checkpoint/config.ts'
import { CheckpointError } from '../../../engine/errors.ts'

const config = configReader({
  hidden_size: 'abc',
  layers: 4,
  half: 0.5,
  negative: -1,
  zero: 0,
  tied: false,
  act: 'silu',
  nothing: null,
  rope_scaling: { factor: 8, type: 5, inner: { deep: [1, 'x'] } },
  eos: [1, 2],
  types: ['a', 'b'],
})

describe('configReader', () => {
  it('reads what is there', () => {
    expect(config.size('layers')).toBe(4)
    expect(config.integer('zero')).toBe(0)
    expect(config.number('half')).toBe(0.5)
    expect(config.number('negative')).toBe(-1)
    expect(config.boolean('tied')).toBe(false)
    expect(config.string('act')).toBe('silu')
    expect(config.integers('eos')).toEqual([1, 2])
    expect(config.integers('layers')).toEqual([4])
    expect(config.strings('types')).toEqual(['a', 'b'])
    expect(config.numbers('eos')).toEqual([1, 2])
    expect(config.child('rope_scaling').number('factor')).toBe(8)
  })

  it('takes null for absent, and a switch that is null for off', () => {
    expect(config.has('nothing')).toBe(false)
    expect(config.has('layers')).toBe(true)
    expect(config.optionalSize('nothing')).toBeNull()
    expect(config.size('nothing', 7)).toBe(7)
    expect(config.boolean('absent', true)).toBe(true)
    expect(config.boolean('nothing', true)).toBe(false)
    expect(config.raw('nothing')).toBeUndefined()
    expect(config.has('toString')).toBe(false)
  })

  const wrong: readonly (readonly [string, () => unknown])[] = [
    ['config.json: hidden_size: expected a positive integer, got "abc"', () => config.size('hidden_size')],
    ['config.json: zero: expected a positive integer, got 0', () => config.size('zero')],
    ['config.json: half: expected a non-negative integer, got 0.5', () => config.integer('half')],
    ['config.json: negative: expected a non-negative integer, got -1', () => config.optionalInteger('negative')],
    ['config.json: act: expected a finite number, got "silu"', () => config.optionalNumber('act')],
    ['config.json: act: expected true or false, got "silu"', () => config.boolean('act', true)],
    ['config.json: tied: expected a string, got false', () => config.optionalString('tied')],
    ['config.json: missing: expected a positive integer, got nothing', () => config.size('missing')],
    ['config.json: nothing: expected a string, got nothing', () => config.string('nothing')],
    ['config.json: layers: expected an object, got 4', () => config.child('layers')],
    ['config.json: rope_scaling.type: expected a string, got 5', () => config.child('rope_scaling').string('type')],
    [
      'config.json: rope_scaling.inner.deep: expected a list of non-negative integers, got [1,"x"]',
      () => config.child('rope_scaling').child('inner').integers('deep'),
    ],
    ['config.json: types: expected a list of finite numbers, got ["a","b"]', () => config.numbers('types')],
  ]

  it.each(wrong)('says %s', (message, read) => {
    expect(read).toThrow(CheckpointError)
    expect(read).toThrow(message)
  })

  it('makes errors for values that are not supported', () => {
    expect(config.error('act', 'one of relu, gelu').message).toBe(
      'config.json: act: expected one of relu, gelu, got "silu"',
    )
  })
})
