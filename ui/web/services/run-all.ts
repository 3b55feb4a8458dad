/** Starts several studies one after another and shows them side by side as each begins. */
import type { StudyInfo } from '../../../studies/runs/workbench-types.ts'
import { api } from '../../client/api.ts'
import { merge } from './feed.ts'
import { currentRoute, navigate } from './route.ts'

/**
 * Starts each study with its preset for the embedded model. The page goes to the first run at once;
 * the others join it, unless the reader has gone elsewhere by then.
 */
export async function runAll(studies: readonly StudyInfo[]): Promise<void> {
  const started: string[] = []
  for (const study of studies) {
    const preset = study.presets.find(one => one.for === 'embedded')
    const run = await api.start({ study: study.id, ...(preset === undefined ? {} : { preset: preset.id }) })
    merge([run])
    started.push(run.id)
    if (started.length === 1) navigate({ view: 'watch', runs: started })
    else if (currentRoute().view === 'watch') navigate({ view: 'watch', runs: [...started] }, 'replace')
  }
}
