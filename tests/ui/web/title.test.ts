/** What the browser calls the page. */
import { expect, it } from 'vitest'
import type { RunState, RunSummary } from '../../../studies/runs/events.ts'
import { parseRoute } from '../../../ui/web/services/route.ts'
import { titleOf } from '../../../ui/web/services/title.ts'

const run = (state: RunState, name = ''): RunSummary => ({
  id: 'r1',
  study: 's',
  studyTitle: 'Time patching',
  title: 'am into pm',
  model: 'demo',
  words: '',
  backend: 'wasm',
  state,
  createdAt: '2026-11-21T10:00:00Z',
  done: 30,
  total: 80,
  meta: { name, note: '', tags: [], starred: false, archived: false },
})
const title = (path: string, runs: readonly RunSummary[] | null = null) => titleOf(parseRoute(path, ''), runs, null)

it('names the view, and a run by its name or prompt', () => {
  expect(title('/')).toBe('Patchlight')
  expect(title('/generate')).toBe('Generate · Patchlight')
  expect(title('/run/r1')).toBe('Run · Patchlight')
  expect(title('/run/r1', [run('done')])).toBe('am into pm · Time patching · Patchlight')
  expect(title('/run/r1', [run('done', 'For §3')])).toBe('For §3 · Time patching · Patchlight')
})

it('says how far a run is, while it computes', () => {
  expect(title('/run/r1', [run('running')])).toBe('37% am into pm · Time patching · Patchlight')
})
