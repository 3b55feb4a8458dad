/** What the browser calls the page: tabs and bookmarks must tell one run from another. */
import type { RunSummary } from '../../../studies/runs/events.ts'
import type { StudyInfo } from '../../../studies/runs/workbench-types.ts'
import type { Route } from './route.ts'
import { runName } from './run-actions.ts'

export function titleOf(
  route: Route,
  runs: readonly RunSummary[] | null,
  studies: readonly StudyInfo[] | null,
): string {
  const words = wordsOf(route, runs, studies)
  return words === null ? 'Patchlight' : `${words} · Patchlight`
}

function wordsOf(
  route: Route,
  runs: readonly RunSummary[] | null,
  studies: readonly StudyInfo[] | null,
): string | null {
  switch (route.view) {
    case 'home':
      return null
    case 'run': {
      const run = runs?.find(one => one.id === route.run)
      if (run === undefined) return 'Run'
      // A tab in the background shows how far it is.
      const busy = run.state === 'running' && run.total > 0
      const done = busy ? `${Math.floor((100 * run.done) / run.total)}% ` : ''
      return `${done}${runName(run)} · ${run.studyTitle}`
    }
    case 'new':
      return `New run: ${studies?.find(study => study.id === route.study)?.title ?? route.study}`
    case 'runs':
      return 'Runs'
    case 'watch':
      return 'Side by side'
    case 'compare':
      return 'Compare'
    case 'generate':
      return 'Generate'
    case 'doctor':
      return 'This machine'
    case 'lost':
      return 'Nothing here'
  }
}
