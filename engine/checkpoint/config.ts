/**
 * Typed reading of `config.json`. Every getter names file and key when the value has the wrong type,
 * so that a family file stays a list of plain reads. `null` counts as absent, for transformers writes it so; but a
 * switch that is null is off, as it is in Python.
 */
import { CheckpointError } from '../errors.ts'
import { isJsonObject, type JsonObject, shown } from './json-file.ts'

/** Getters throw CheckpointError if the value has the wrong type, or is absent and there is no fallback. */
export interface ConfigReader {
  /** A whole number of 1 or more: every size and count. */
  size(key: string, fallback?: number): number
  /** A whole number of 0 or more: ids, indices. */
  integer(key: string, fallback?: number): number
  /** A finite number. */
  number(key: string, fallback?: number): number
  /** Null reads as false. */
  boolean(key: string, fallback?: boolean): boolean
  string(key: string, fallback?: string): string
  optionalSize(key: string): number | null
  optionalInteger(key: string): number | null
  optionalNumber(key: string): number | null
  optionalString(key: string): string | null
  /** A list of whole numbers of 0 or more; a single number reads as a list of one (`eos_token_id`). */
  integers(key: string, fallback?: readonly number[]): readonly number[]
  numbers(key: string, fallback?: readonly number[]): readonly number[]
  strings(key: string, fallback?: readonly string[]): readonly string[]
  /** The value as parsed; undefined if absent. */
  raw(key: string): unknown
  /** Whether the key is there and not null. */
  has(key: string): boolean
  /** Whether the key is there, be it null: for a default that null switches off. */
  mentions(key: string): boolean
  /** The object under a key, whose getters name the whole path: `rope_scaling.factor`. */
  child(key: string): ConfigReader
  /** The error for a value that is well-formed and still not supported: `config.json: KEY: expected WHAT, got VALUE`. */
  error(key: string, expected: string): CheckpointError
}

type Check<T> = (value: unknown) => value is T

const isInteger: Check<number> = (value): value is number => typeof value === 'number' && Number.isSafeInteger(value)
const isNatural: Check<number> = (value): value is number => isInteger(value) && value >= 0
const isPositive: Check<number> = (value): value is number => isInteger(value) && value >= 1
const isNumber: Check<number> = (value): value is number => typeof value === 'number' && Number.isFinite(value)
const isBoolean: Check<boolean> = (value): value is boolean => typeof value === 'boolean'
const isString: Check<string> = (value): value is string => typeof value === 'string'

function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(check)
}

const SIZE = 'a positive integer'
const INTEGER = 'a non-negative integer'
const NUMBER = 'a finite number'

/** Wraps a parsed config. @param path the keys above this object, for messages; empty at the top. */
export function configReader(values: JsonObject, file = 'config.json', path = ''): ConfigReader {
  const mentions = (key: string): boolean => Object.hasOwn(values, key)
  const raw = (key: string): unknown => {
    const value = mentions(key) ? values[key] : undefined
    return value === null ? undefined : value
  }
  const error = (key: string, expected: string): CheckpointError => {
    const value = raw(key)
    const got = value === undefined ? 'nothing' : shown(value)
    return new CheckpointError(`${file}: ${path}${key}: expected ${expected}, got ${got}`)
  }
  const optional = <T>(key: string, check: Check<T>, expected: string): T | null => {
    const value = raw(key)
    if (value === undefined) return null
    if (!check(value)) throw error(key, expected)
    return value
  }
  const required = <T>(key: string, check: Check<T>, expected: string, fallback: T | undefined): T => {
    const value = optional(key, check, expected) ?? fallback
    if (value === undefined) throw error(key, expected)
    return value
  }

  return {
    size: (key, fallback) => required(key, isPositive, SIZE, fallback),
    integer: (key, fallback) => required(key, isNatural, INTEGER, fallback),
    number: (key, fallback) => required(key, isNumber, NUMBER, fallback),
    boolean: (key, fallback) =>
      required(key, isBoolean, 'true or false', mentions(key) && raw(key) === undefined ? false : fallback),
    string: (key, fallback) => required(key, isString, 'a string', fallback),
    optionalSize: key => optional(key, isPositive, SIZE),
    optionalInteger: key => optional(key, isNatural, INTEGER),
    optionalNumber: key => optional(key, isNumber, NUMBER),
    optionalString: key => optional(key, isString, 'a string'),
    integers: (key, fallback) => {
      const single = raw(key)
      return isNatural(single)
        ? [single]
        : required(key, listOf(isNatural), 'a list of non-negative integers', fallback)
    },
    numbers: (key, fallback) => required(key, listOf(isNumber), 'a list of finite numbers', fallback),
    strings: (key, fallback) => required(key, listOf(isString), 'a list of strings', fallback),
    raw,
    has: key => raw(key) !== undefined,
    mentions,
    child: key => configReader(required(key, isJsonObject, 'an object', undefined), file, `${path}${key}.`),
    error,
  }
}
