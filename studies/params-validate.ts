/**
 * Parameters against their schema: fills in preset and defaults, and refuses what does not fit with
 * one sentence that names the parameter, what was expected and what came.
 */

import { StudyError } from '../engine/errors.ts'
import { nearest } from '../engine/nearest.ts'
import type { Param, ParamSchema, ParamValue } from './params.ts'
import type { Preset } from './study.ts'

type Values = Readonly<Record<string, ParamValue>>

/** A value as errors show it. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}

function wrong(where: string, expected: string, got: unknown): StudyError {
  return new StudyError(`${where}: expected ${expected}, got ${show(got)}`)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function isPair(value: unknown): value is readonly [string, string] {
  return isTexts(value) && value.length === 2
}

function checkNumber(where: string, param: Param & { kind: 'number' }, value: unknown): number {
  const range =
    param.min !== undefined && param.max !== undefined
      ? ` from ${param.min} to ${param.max}`
      : param.min !== undefined
        ? ` of at least ${param.min}`
        : param.max !== undefined
          ? ` of at most ${param.max}`
          : ''
  const expected = `a ${param.integer === true ? 'whole number' : 'number'}${range}`
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(where, expected, value)
  if (param.integer === true && !Number.isInteger(value)) throw wrong(where, expected, value)
  if (value < (param.min ?? value) || value > (param.max ?? value)) throw wrong(where, expected, value)
  return value
}

function checkPrompts(where: string, param: Param & { kind: 'prompts' }, value: unknown): readonly string[] {
  if (!isTexts(value)) throw wrong(where, 'a list of prompts', value)
  const min = param.min ?? 0
  const max = param.max ?? value.length
  if (value.length < min) throw wrong(where, `at least ${min} prompt${min === 1 ? '' : 's'}`, value)
  if (value.length > max) throw new StudyError(`${where}: expected at most ${max} prompts, got ${value.length}`)
  const empty = value.findIndex(text => text.trim() === '')
  if (empty >= 0) throw new StudyError(`${where}: prompt ${empty + 1} of ${value.length} is empty`)
  return value
}

function checkPairs(where: string, value: unknown): readonly (readonly [string, string])[] {
  if (!Array.isArray(value)) throw wrong(where, 'a list of [clean, corrupted] pairs', value)
  return value.map((pair: unknown, i) => {
    if (!isPair(pair)) throw wrong(`${where}, pair ${i + 1}`, 'two texts, [clean, corrupted]', pair)
    if (pair.some(text => text.trim() === '')) throw new StudyError(`${where}, pair ${i + 1}: a prompt is empty`)
    return pair
  })
}

/** One value against its parameter. @throws StudyError */
export function checkParam(key: string, param: Param, value: unknown): ParamValue {
  const where = `parameter ${key}`
  switch (param.kind) {
    case 'prompt':
      if (typeof value !== 'string') throw wrong(where, 'a prompt (text)', value)
      if (value.trim() === '') throw new StudyError(`${where}: the prompt is empty`)
      return value
    case 'prompts':
      return checkPrompts(where, param, value)
    case 'pairs':
      return checkPairs(where, value)
    case 'tokens':
      if (!isTexts(value)) throw wrong(where, 'a list of texts of one token each', value)
      if (value.includes('')) throw new StudyError(`${where}: an empty text is no token`)
      return value
    case 'number':
      return checkNumber(where, param, value)
    case 'choice': {
      const options = param.options.map(option => option.value)
      if (typeof value === 'string' && options.includes(value)) return value
      throw wrong(where, `one of ${options.join(', ')}`, value)
    }
    case 'switch':
      if (typeof value !== 'boolean') throw wrong(where, 'true or false', value)
      return value
    case 'layers':
      if (typeof value !== 'string') throw wrong(where, LAYERS_EXPECTED, value)
      parseLayers(value, Number.POSITIVE_INFINITY, where)
      return value
    case 'text':
      if (typeof value !== 'string') throw wrong(where, 'text', value)
      return value
  }
}

function checkKnown(schema: ParamSchema, values: Values, whose: string): void {
  for (const key of Object.keys(values)) {
    if (Object.hasOwn(schema, key)) continue
    const near = nearest(key, Object.keys(schema))
    const hint = near.length > 0 ? `; the nearest are ${near.join(', ')}` : ''
    throw new StudyError(`parameter ${key}: ${whose} has none of that name${hint}`)
  }
}

/**
 * Every parameter's value: what is given, else the preset's, else the default.
 * @throws StudyError for an unknown name or a value that does not fit.
 */
export function resolveParams(schema: ParamSchema, preset: Preset | null, values: Values = {}): Values {
  checkKnown(schema, values, 'this study')
  if (preset !== null) checkKnown(schema, preset.values, `preset ${preset.id}'s study`)
  return Object.fromEntries(
    Object.entries(schema).map(([key, param]) => {
      const given = Object.hasOwn(values, key) ? values[key] : undefined
      return [key, checkParam(key, param, given ?? preset?.values[key] ?? param.default)]
    }),
  )
}

/** The preset with this id; null for none asked. @throws StudyError naming those that exist. */
export function findPreset(presets: readonly Preset[], id: string | undefined): Preset | null {
  if (id === undefined) return null
  const found = presets.find(preset => preset.id === id)
  if (found !== undefined) return found
  const names = presets.map(preset => preset.id)
  throw new StudyError(
    `preset ${JSON.stringify(id)}: this study has none of that name; it has ${names.length === 0 ? 'none' : names.join(', ')}`,
  )
}

const LAYERS_EXPECTED = 'all, last, or a list such as 0-3,7'

/**
 * The layers that a text names, ascending and each once.
 * @param nLayers of the model; infinite to check the form alone
 * @throws StudyError for another form, or a layer that the model lacks
 */
export function parseLayers(text: string, nLayers: number, where = 'layers'): number[] {
  const trimmed = text.trim()
  const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
  if (trimmed === 'all') return Number.isFinite(nLayers) ? upTo(0, nLayers - 1) : []
  if (trimmed === 'last') return Number.isFinite(nLayers) ? [nLayers - 1] : []
  const layers = new Set<number>()
  for (const part of trimmed.split(',')) {
    const match = /^\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?$/.exec(part)
    if (match === null) throw wrong(where, LAYERS_EXPECTED, text)
    const first = Number(match[1])
    const last = Number(match[2] ?? match[1])
    if (last < first) throw new StudyError(`${where}: ${part.trim()} runs backwards; write ${last}-${first}`)
    if (last >= nLayers) {
      throw new StudyError(`${where}: expected layers from 0 to ${nLayers - 1}, got ${last}; the model has ${nLayers}`)
    }
    if (Number.isFinite(nLayers)) for (const layer of upTo(first, last)) layers.add(layer)
  }
  return [...layers].sort((a, b) => a - b)
}
