/**
 * A journal that came from somewhere else, checked event by event before it is let in: our own
 * journals are trusted as they are read, a stranger's may say anything.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { StudyError } from '../../engine/errors.ts'
import { AXIS_KINDS, cellCount } from '../figure.ts'
import { RUN_STATES } from './events.ts'

/** Sixteen times the largest grid that the page is made for. */
const MAX_CELLS = 2 ** 21
const MAX_FIGURES = 500

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
const amount = z.number().min(0)
const scalar = z.union([z.string(), z.number(), z.null()])
const axis = z.object({ kind: z.enum(AXIS_KINDS), label: z.string(), ticks: z.array(z.string()) })
/** By hand: a schema's array of 131,072 numbers costs a hundred times as much. */
const values = z.custom<readonly (number | null)[]>(
  list => Array.isArray(list) && list.every(value => value === null || typeof value === 'number'),
  'expected numbers',
)
const marks = z.custom<readonly number[]>(
  list => Array.isArray(list) && list.every(mark => Number.isInteger(mark) && mark >= 0 && mark <= 255),
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
  marks: z.array(z.object({ symbol: z.string(), meaning: z.string() })).max(255),
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
  rows: z.array(z.record(z.string(), scalar)),
  caption: z.string(),
})

const event = z.intersection(
  z.object({ seq: z.int(), t: z.number() }),
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('state'), state: z.enum(RUN_STATES) }),
    z.object({ type: z.literal('figure'), figure }),
    z.object({ type: z.literal('cells'), figure: z.string(), first: z.int().min(0), values, marks: marks.optional() }),
    z.object({ type: z.literal('table'), table }),
    z.object({ type: z.literal('progress'), done: amount, total: amount, etaMs: amount.nullable() }),
    z.object({ type: z.literal('note'), text: z.string() }),
    z.object({ type: z.literal('summary'), values: z.record(z.string(), scalar) }),
    z.object({ type: z.literal('error'), message: z.string() }),
  ]),
)

/** @throws StudyError that names the first line which no journal of ours would hold */
export async function checkJournal(path: string): Promise<void> {
  const figures = new Map<string, number>()
  let line = 0
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
  try {
    for await (const text of lines) {
      const parsed = event.safeParse(json(text))
      if (!parsed.success || parsed.data.seq !== line) throw damaged(line)
      const { data } = parsed
      if (data.type === 'figure') {
        const cells = cellCount(data.figure)
        if (cells > MAX_CELLS || figures.size >= MAX_FIGURES) {
          throw new StudyError(`archive: expected figures of at most ${MAX_CELLS} cells, got one of ${cells}`)
        }
        figures.set(data.figure.id, cells)
      }
      if (data.type === 'cells' && data.first + data.values.length > (figures.get(data.figure) ?? 0)) {
        throw damaged(line)
      }
      line += 1
    }
  } finally {
    lines.close()
  }
}

function damaged(line: number): StudyError {
  return new StudyError(`archive: its journal is damaged at line ${line + 1}`)
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
