/**
 * What the events of a journal look like, and how large they may be. A study's own code is held to it
 * when it hands something over, and a journal that came from somewhere else line by line: so whatever
 * was written can be read, drawn, exported and imported.
 */
import { z } from 'zod'
import { AXIS_KINDS } from '../figure.ts'
import { RUN_STATES } from './events.ts'

/** Every neuron of a 24B model over six prompts; some 10 bytes of memory each. Of all figures of a run together. */
export const MAX_CELLS = 2 ** 23
export const MAX_FIGURES = 500
/** A table is for reading; what is longer is a figure. */
const MAX_ROWS = 10_000
/** Marks are kept as bytes; 0 is none. */
const MAX_MARKS = 255

const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'expected letters, digits and hyphens, at most 128 of them')
const amount = z.number().min(0)
/** NaN is a number here, which JSON makes null. */
const scalar = z.custom<string | number | null>(
  value => value === null || typeof value === 'string' || typeof value === 'number',
  'expected a text, a number, or null for none',
)
const axis = z.object({ kind: z.enum(AXIS_KINDS), label: z.string(), ticks: z.array(z.string()) })
/** By hand: a schema's array of 131,072 numbers costs a hundred times as much. */
const values = z.custom<readonly (number | null)[]>(
  list => Array.isArray(list) && list.every(value => value === null || typeof value === 'number'),
  'expected numbers',
)
const marks = z.custom<readonly number[]>(
  list => Array.isArray(list) && list.every(mark => Number.isInteger(mark) && mark >= 0 && mark <= MAX_MARKS),
  'expected marks',
)

const figure = z.object({
  id,
  title: z.string(),
  group: z.string().optional(),
  x: axis,
  y: axis,
  metric: z.string(),
  unit: z.string(),
  scale: z.enum(['diverging', 'sequential']),
  marks: z.array(z.object({ symbol: z.string(), meaning: z.string() })).max(MAX_MARKS),
  caption: z.string(),
})
const table = z.object({
  id,
  title: z.string(),
  columns: z.array(
    z.object({
      key: z.string(),
      label: z.string(),
      kind: z.enum(['text', 'number', 'token', 'count']),
      unit: z.string().optional(),
    }),
  ),
  rows: z.array(z.record(z.string(), scalar)).max(MAX_ROWS, `expected at most ${MAX_ROWS} rows; a figure holds more`),
  caption: z.string(),
})

const body = z.discriminatedUnion('type', [
  z.object({ type: z.literal('state'), state: z.enum(RUN_STATES) }),
  z.object({ type: z.literal('figure'), figure }),
  z.object({ type: z.literal('cells'), figure: z.string(), first: z.int().min(0), values, marks: marks.optional() }),
  z.object({ type: z.literal('table'), table }),
  z.object({ type: z.literal('progress'), done: amount, total: amount, etaMs: amount.nullable() }),
  z.object({ type: z.literal('note'), text: z.string() }),
  z.object({ type: z.literal('summary'), values: z.record(z.string(), scalar) }),
  z.object({ type: z.literal('error'), message: z.string() }),
])

export const eventSchema = z.intersection(z.object({ seq: z.int(), t: z.number() }), body)

/** Why a body is none that a journal may hold, and where: `table.rows.3.change: expected …`; null if it is one. */
export function bodyProblem(value: unknown): string | null {
  const parsed = body.safeParse(value)
  if (parsed.success) return null
  const [issue] = parsed.error.issues
  return `${issue?.path.map(String).join('.')}: ${issue?.message}`
}
