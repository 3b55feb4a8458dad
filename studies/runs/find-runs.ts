/** Finding a run by words, the same on the page and the command line. */
import type { RunSummary } from './events.ts'

/** Whether a run has all of these words, wherever they stand. */
export function hasWords(run: RunSummary, words: string): boolean {
  const { meta } = run
  const text = [
    meta.name,
    run.title,
    run.studyTitle,
    run.model,
    run.backend,
    run.state,
    run.id,
    run.words,
    meta.note,
    ...meta.tags,
  ]
    .join(' ')
    .toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word))
}
