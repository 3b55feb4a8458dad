/** Whitespace as the form shows it in rendered chat prompts. */
import { expect, it } from 'vitest'
import { whitespaceRuns } from '../../../ui/web/views/new-run/whitespace.ts'

it('marks every whitespace character and nothing else', () => {
  const runs = whitespaceRuns('a  b\n\nc\td\u00a0·')
  expect(runs.map(({ shown }) => shown)).toEqual(['a', '··', 'b', '⏎\n⏎\n', 'c', '⇥', 'd', '<U+00A0>', '·'])
  expect(runs.map(({ isMark }) => isMark)).toEqual([false, true, false, true, false, true, false, true, false])
  expect(whitespaceRuns('')).toEqual([])
})
