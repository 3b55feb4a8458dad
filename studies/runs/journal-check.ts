/**
 * A journal that came from somewhere else, checked event by event before it is let in: our own
 * journals are trusted as they are read, a stranger's may say anything.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { StudyError } from '../../engine/errors.ts'
import { cellCount } from '../figure.ts'
import { eventSchema, MAX_CELLS, MAX_FIGURES } from './event-schema.ts'

/** @throws StudyError that names the first line which no journal of ours would hold */
export async function checkJournal(path: string): Promise<void> {
  const figures = new Map<string, number>()
  let line = 0
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
  try {
    for await (const text of lines) {
      const parsed = eventSchema.safeParse(json(text))
      if (!parsed.success || parsed.data.seq !== line) throw damaged(line)
      const { data } = parsed
      if (data.type === 'figure') {
        figures.set(data.figure.id, cellCount(data.figure))
        const cells = [...figures.values()].reduce((sum, count) => sum + count, 0)
        if (cells > MAX_CELLS || figures.size > MAX_FIGURES) {
          throw new StudyError(
            `archive: expected at most ${MAX_FIGURES} figures of ${MAX_CELLS} cells together, got ${figures.size} of ${cells}`,
          )
        }
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
