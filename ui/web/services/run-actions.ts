/** What a person does with a run, from wherever it is shown; what goes wrong is said in a toast. */
import type { MetaPatch, RunId, RunSummary } from '../../../studies/runs/events.ts'
import { api } from '../../client/api.ts'
import { merge } from './feed.ts'
import { currentRoute, navigate } from './route.ts'
import { toast, toastError } from './toasts.ts'

/** @returns whether it was done */
export async function annotate(run: RunId, patch: MetaPatch): Promise<boolean> {
  try {
    merge([await api.annotate(run, patch)])
    return true
  } catch (error) {
    toastError(error)
    return false
  }
}

export function runName({ meta, title }: Pick<RunSummary, 'meta' | 'title'>): string {
  return meta.name === '' ? title : meta.name
}

const SHORT = 60

/** Deletes at once; the toast takes it back. */
export async function removeRun(run: RunSummary): Promise<void> {
  try {
    await api.remove(run.id)
  } catch (error) {
    toastError(error)
    return
  }
  merge([], [run.id])
  const route = currentRoute()
  const wasOpen = route.view === 'run' && route.run === run.id
  if (wasOpen) navigate({ view: 'home' })
  const name = runName(run)
  toast('info', `Deleted: ${name.length > SHORT ? `${name.slice(0, SHORT)}…` : name}`, {
    label: 'Undo',
    act: () =>
      void restoreRun(run.id).then(done => {
        if (done && wasOpen) navigate({ view: 'run', run: run.id, cell: null })
      }),
  })
}

export async function restoreRun(run: RunId): Promise<boolean> {
  try {
    merge([await api.restore(run)])
    return true
  } catch (error) {
    toastError(error)
    return false
  }
}

export async function archiveRun(run: RunSummary): Promise<void> {
  const archived = !run.meta.archived
  if (!(await annotate(run.id, { archived }))) return
  toast('info', archived ? 'Archived: it is left out of lists now.' : 'Back from the archive.', {
    label: 'Undo',
    act: () => void annotate(run.id, { archived: !archived }),
  })
}

/** Brings runs in from files, one after another; each that cannot be read says why. */
export async function importRuns(files: readonly File[]): Promise<void> {
  for (const file of files) {
    try {
      const run = await api.importRun(file)
      merge([run])
      toast('info', `Imported: ${runName(run)}`, {
        label: 'Open',
        act: () => navigate({ view: 'run', run: run.id, cell: null }),
      })
    } catch (error) {
      toast('error', `${file.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
