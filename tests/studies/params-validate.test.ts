import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ParamSchema, ParamValue } from '../../studies/params.ts'
import { parseSettings } from '../../studies/params-text.ts'
import { findPreset, parseLayers, resolveParams } from '../../studies/params-validate.ts'
import { temporaryFolder } from './runs/support.ts'

const text = { label: 'Label', help: 'Help.' }
const SCHEMA: ParamSchema = {
  prompt: { kind: 'prompt', ...text, default: 'a prompt' },
  neutral: { kind: 'prompts', ...text, default: ['one', 'two'], min: 1, max: 3 },
  pairs: { kind: 'pairs', ...text, default: [] },
  yes: { kind: 'tokens', ...text, default: [' yes'] },
  count: { kind: 'number', ...text, default: 4, min: 1, max: 9, integer: true },
  scale: { kind: 'number', ...text, default: 0.5 },
  metric: {
    kind: 'choice',
    ...text,
    default: 'logit',
    options: [
      { value: 'logit', label: 'l' },
      { value: 'prob', label: 'p' },
    ],
  },
  neurons: { kind: 'switch', ...text, default: false },
  layers: { kind: 'layers', ...text, default: 'all' },
  comment: { kind: 'text', ...text, default: '' },
}
const PRESET = { id: 'small', title: 'Small', for: 'embedded', values: { count: 2, metric: 'prob' } } as const

describe('resolveParams', () => {
  it('takes the given value, else the preset’s, else the default', () => {
    expect(resolveParams(SCHEMA, PRESET, { count: 3 })).toEqual({
      ...Object.fromEntries(Object.entries(SCHEMA).map(([key, param]) => [key, param.default])),
      count: 3,
      metric: 'prob',
    })
  })

  it.each<[string, Record<string, ParamValue>, string]>([
    ['an unknown name', { promt: 'x' }, 'parameter promt: this study has none of that name; the nearest are prompt'],
    ['a name that every object has', { constructor: 'x' }, 'parameter constructor: this study has none'],
    ['an empty prompt', { prompt: ' ' }, 'parameter prompt: the prompt is empty'],
    ['too few prompts', { neutral: [] }, 'parameter neutral: expected at least 1 prompt, got []'],
    ['too many prompts', { neutral: ['a', 'b', 'c', 'd'] }, 'parameter neutral: expected at most 3 prompts, got 4'],
    ['an empty prompt in a list', { neutral: ['a', ''] }, 'parameter neutral: prompt 2 of 2 is empty'],
    ['an empty token', { yes: [''] }, 'parameter yes: an empty text is no token'],
    ['a fraction', { count: 1.5 }, 'parameter count: expected a whole number from 1 to 9, got 1.5'],
    ['a number out of range', { count: 10 }, 'parameter count: expected a whole number from 1 to 9, got 10'],
    ['NaN', { scale: Number.NaN }, 'parameter scale: expected a number, got null'],
    ['a text for a number', { scale: '1' }, 'parameter scale: expected a number, got "1"'],
    ['another choice', { metric: 'rank' }, 'parameter metric: expected one of logit, prob, got "rank"'],
    ['a text for a switch', { neurons: 'true' }, 'parameter neurons: expected true or false, got "true"'],
    ['other layers', { layers: '3-x' }, 'parameter layers: expected all, last, or a list such as 0-3,7, got "3-x"'],
  ])('refuses %s', (_what, values, message) => {
    expect(() => resolveParams(SCHEMA, null, values)).toThrow(message)
  })

  it('refuses pairs that are no pairs, and an unknown preset', () => {
    const untyped: Record<string, ParamValue> = JSON.parse('{"pairs": [["a", "b"], ["c"]]}')
    expect(() => resolveParams(SCHEMA, null, untyped)).toThrow('parameter pairs, pair 2: expected two texts')
    expect(() => findPreset([PRESET], 'smal')).toThrow('preset "smal": this study has none of that name; it has small')
  })
})

describe('parseLayers', () => {
  it.each([
    ['all', [0, 1, 2, 3, 4, 5, 6, 7]],
    ['last', [7]],
    ['0-3,7', [0, 1, 2, 3, 7]],
    [' 7, 2 - 4 ,3', [2, 3, 4, 7]],
  ])('%s', (layers, expected) => {
    expect(parseLayers(layers, 8)).toEqual(expected)
  })

  it.each([
    ['0-8', 'layers: expected layers from 0 to 7, got 8; the model has 8'],
    ['4-2', 'layers: 4-2 runs backwards; write 2-4'],
    ['', 'layers: expected all, last'],
    ['-1', 'layers: expected all, last'],
    ['99999999999', 'layers: expected all, last'],
  ])('refuses %s', (layers, message) => {
    expect(() => parseLayers(layers, 8)).toThrow(message)
  })
})

describe('--set', () => {
  it('reads each kind of value', () => {
    const dir = temporaryFolder()
    writeFileSync(join(dir, 'prompts.txt'), ' leading space\n\nsecond\r\n')
    writeFileSync(join(dir, 'pairs.txt'), 'it is am\tit is pm\n')
    writeFileSync(join(dir, 'pairs.json'), '[["a", "b"]]')
    const settings = (...list: string[]) => parseSettings(SCHEMA, list)
    expect(settings('prompt=a = b', 'count=3', 'scale=-1e-3', 'neurons=on', 'layers=last')).toEqual({
      prompt: 'a = b',
      count: 3,
      scale: -0.001,
      neurons: true,
      layers: 'last',
    })
    expect(settings('yes=[" Yes", " yes"]', 'neutral=just one')).toEqual({
      yes: [' Yes', ' yes'],
      neutral: ['just one'],
    })
    expect(settings(`neutral=@${dir}/prompts.txt`)).toEqual({ neutral: [' leading space', 'second'] })
    writeFileSync(join(dir, 'marked.txt'), '\uFEFFfirst\r\nsecond\r\n')
    expect(settings(`neutral=@${dir}/marked.txt`)).toEqual({ neutral: ['first', 'second'] })
    expect(settings(`pairs=@${dir}/pairs.txt`)).toEqual({ pairs: [['it is am', 'it is pm']] })
    expect(settings(`pairs=@${dir}/pairs.json`, 'count=1', 'count=2')).toEqual({ pairs: [['a', 'b']], count: 2 })
  })

  it.each([
    ['count', '--set count: expected key=value'],
    ['cuont=3', 'parameter cuont: this study has none of that name; the nearest are count'],
    ['count=three', 'parameter count: expected a whole number from 1 to 9, got "three"'],
    ['count=', 'parameter count: expected a whole number from 1 to 9, got ""'],
    ['neurons=maybe', 'parameter neurons: expected true or false, got "maybe"'],
    ['yes=[" Yes"', 'parameter yes: expected a JSON array, got [" Yes"'],
    ['neutral=@nowhere.txt', 'parameter neutral: expected a file that can be read, got @nowhere.txt'],
    ['pairs=a', 'parameter pairs: expected a JSON array of [clean, corrupted] pairs or @file, got a'],
  ])('refuses %s', (setting, message) => {
    expect(() => parseSettings(SCHEMA, [setting])).toThrow(message)
  })
})
