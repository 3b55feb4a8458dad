/** What a form holds: starting values, what a request must say, and whom a sentence concerns. */
import { describe, expect, it } from 'vitest'
import type { ParamSchema } from '../../../studies/params.ts'
import { PROMPT_PARAMS } from '../../../studies/prompt-params.ts'
import type { StudyInfo } from '../../../studies/runs/workbench-types.ts'
import {
  draftOf,
  editedValues,
  fieldOf,
  firstPreset,
  idleParams,
  mayChat,
  problemsOf,
  startingValues,
  textsOf,
} from '../../../ui/web/views/new-run/form-state.ts'

const params = {
  clean: { kind: 'prompt', label: 'Clean', help: '', default: 'a' },
  corrupted: { kind: 'prompt', label: 'Corrupted', help: '', default: 'b', alignsWith: 'clean' },
  more: { kind: 'prompts', label: 'More', help: '', default: ['c', 'a'], min: 1, max: 2 },
  pairs: { kind: 'pairs', label: 'Pairs', help: '', default: [['d', 'e']] },
  answer: { kind: 'tokens', label: 'Answer', help: '', default: [' f'] },
  count: { kind: 'number', label: 'Count', help: '', default: 3, min: 1, max: 9, integer: true },
  layers: { kind: 'layers', label: 'Layers', help: '', default: 'all' },
} satisfies ParamSchema

const study: StudyInfo = {
  id: 's',
  title: 'S',
  question: '?',
  about: '',
  params,
  presets: [
    { id: 'big', title: 'Big', for: 'large', values: { count: 9 } },
    { id: 'small', title: 'Small', for: 'embedded', values: { clean: 'x' } },
  ],
}

describe('values', () => {
  it('are the defaults with the preset over them', () => {
    expect(startingValues(study, 'small')).toMatchObject({ clean: 'x', corrupted: 'b', count: 3 })
    expect(startingValues(study, null)).toMatchObject({ clean: 'a', count: 3 })
  })

  it('start from the preset that suits the model', () => {
    expect(firstPreset(study, true)).toBe('small')
    expect(firstPreset(study, false)).toBe('big')
    expect(firstPreset({ ...study, presets: [] }, true)).toBeNull()
  })

  it('travel only where they differ', () => {
    const starting = startingValues(study, 'small')
    expect(editedValues({ ...starting, count: 4, pairs: [['d', 'e']] }, starting)).toEqual({ count: 4 })
  })
})

describe('problems', () => {
  const problems = (values: Record<string, string | number | string[]>) =>
    problemsOf(params, { ...startingValues(study, null), ...values })

  it('are none in the defaults', () => {
    expect(problems({})).toEqual({})
  })

  it.each([
    ['clean', ''],
    ['count', Number.NaN],
    ['count', 0],
    ['count', 10],
    ['count', 1.5],
    ['layers', '3-'],
    ['layers', 'some'],
    ['more', []],
    ['more', ['a', 'b', 'c']],
  ])('%s: %j', (key, value) => {
    expect(Object.keys(problems({ [key]: value }))).toEqual([key])
  })

  it.each(['all', 'last', '0', '0-3,7', ' 1 , 4 - 5 '])('layers may be %j', layers => {
    expect(problems({ layers })).toEqual({})
  })
})

describe('fieldOf', () => {
  it.each([
    ['parameter count: expected a number of at most 9, got 10', 'count'],
    ['time-patching: corrupted has 12 tokens, clean has 11', 'corrupted'],
    ['parameter layers: expected layers from 0 to 5, got 9; the model has 6', 'layers'],
    ['the backend is discounted', null],
  ])('%s', (message, field) => {
    expect(fieldOf(message, params)).toBe(field)
  })
})

it('asks for the tokens of every text once, and of the empty one', () => {
  const { prompts, pieces } = textsOf(params, startingValues(study, null))
  expect(prompts.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(pieces.toSorted()).toEqual(['', ' f'])
})

it('a draft comes back from what a page kept, and from nothing else', () => {
  const draft = { model: '/models/m', values: { rows: 7 }, seed: 3 }
  expect(draftOf(JSON.parse(JSON.stringify(draft)))).toEqual(draft)
  for (const kept of [null, undefined, 'x', {}, { values: 3, seed: 0 }, { values: {}, seed: '0' }]) {
    expect(draftOf(kept)).toBeNull()
  }
})

it('knows which models have a template, and lets a folder that was typed try', () => {
  const model = {
    name: 'm',
    family: 'llama',
    layers: 1,
    heads: 1,
    dModel: 1,
    dMlp: 1,
    vocab: 1,
    parameters: 1,
    bytes: 1,
  }
  const models = [
    { ...model, dir: '/plain', embedded: true, chatTemplate: false },
    { ...model, dir: '/chat', embedded: false, chatTemplate: true },
  ]
  expect([undefined, '/plain', '/chat', '/typed'].map(dir => mayChat(models, dir))).toEqual([false, false, true, true])
  expect(mayChat([], undefined)).toBe(false)
})

it('leaves out what only a chat template makes sense of, unless it was set already', () => {
  const idle = (chat: boolean, system: string, chats: boolean) => [
    ...idleParams({ ...params, ...PROMPT_PARAMS }, { bos: 'config', chat, system }, chats),
  ]
  expect(idle(false, '', false)).toEqual(['chat', 'system'])
  expect(idle(false, '', true)).toEqual(['system'])
  expect(idle(true, '', true)).toEqual([])
  // Of a preset or an earlier run: what refuses must be there to be mended.
  expect(idle(true, '', false)).toEqual([])
  expect(idle(false, 'Be brief.', true)).toEqual([])
  expect([...idleParams(params, {}, false)]).toEqual([])
})
