/** The fields of a generation: what they ask for, and what is wrong with them. */
import { expect, it } from 'vitest'
import { parseInterventions } from '../../../hooks/intervention.ts'
import {
  EXAMPLE_INTERVENTIONS,
  fieldOfRefusal,
  fieldsOf,
  type GenerateFields,
  modelIn,
  requestOf,
  STARTING_FIELDS,
} from '../../../ui/web/views/generate/generate-form.ts'

const asked = (fields: Partial<GenerateFields>, model?: string) => requestOf({ ...STARTING_FIELDS, ...fields }, model)

it('asks for what was typed, and leaves the rest to the engine', () => {
  expect(asked({ prompt: ' a ', topP: '0,9', stop: 'x\n\n  y\n' }, '/models/m').request).toEqual({
    model: '/models/m',
    prompt: ' a ',
    maxTokens: 40,
    temperature: 0,
    topP: 0.9,
    seed: 0,
    stop: ['x', '  y'],
  })
  expect(asked({ interventions: EXAMPLE_INTERVENTIONS }).request?.interventions).toHaveLength(3)
  expect(asked({ interventions: ' [] ' }).request).not.toHaveProperty('interventions')
})

it('its example is one', () => {
  expect(parseInterventions(JSON.parse(EXAMPLE_INTERVENTIONS))).toHaveLength(3)
})

it.each<[Partial<GenerateFields>, keyof GenerateFields, RegExp]>([
  [{ maxTokens: '' }, 'maxTokens', /whole number from 1/],
  [{ maxTokens: '2.5' }, 'maxTokens', /whole number/],
  [{ topP: '0' }, 'topP', /number from/],
  [{ temperature: '-1' }, 'temperature', /number from 0/],
  [{ seed: 'x' }, 'seed', /whole number/],
  [{ interventions: '[{"at": ' }, 'interventions', /^Not JSON yet/],
  [{ interventions: '{"at": "L0H0"}' }, 'interventions', /^Expected a list/],
])('%j is no request', (fields, key, sentence) => {
  const { request, problems } = asked(fields)
  expect(request).toBeNull()
  expect(problems[key]).toMatch(sentence)
})

it('a refusal stands by its field', () => {
  expect(fieldOfRefusal('intervention 0, set: expected one of zero')).toBe('interventions')
  expect(fieldOfRefusal('generate: expected topP to be above 0')).toBeNull()
})

it.each([
  ['parameter bos: expected a tokenizer that has a BOS token', 'bos'],
  ['parameter system: expected no system prompt', 'system'],
  ['chat template: expected to render these messages', 'chat'],
  ['prompt: expected some tokens', 'prompt'],
])('%s', (sentence, field) => {
  expect(fieldOfRefusal(sentence)).toBe(field)
})

it('asks for a chat only where there may be a template, and with a system prompt only in a chat', () => {
  const chat = { ...STARTING_FIELDS, chat: true, system: 'be brief', bos: 'without' }
  expect(requestOf(chat, undefined, true).request).toMatchObject({ chat: true, system: 'be brief', bos: 'without' })
  const plain = requestOf(chat, undefined, false).request
  expect(plain).not.toHaveProperty('chat')
  expect(plain).not.toHaveProperty('system')
  expect(requestOf({ ...chat, chat: false }, undefined, true).request).not.toHaveProperty('system')
  expect(asked({}).request).not.toHaveProperty('bos')
})

it('takes back the fields that a page kept, where they are of their kind', () => {
  expect(fieldsOf(null)).toEqual(STARTING_FIELDS)
  expect(fieldsOf({ prompt: 'a', chat: 'yes', seed: 4, other: 1, model: '/m' })).toEqual({
    ...STARTING_FIELDS,
    prompt: 'a',
  })
  expect([modelIn({ model: '/m' }), modelIn({ model: 3 }), modelIn(null)]).toEqual(['/m', undefined, undefined])
})
