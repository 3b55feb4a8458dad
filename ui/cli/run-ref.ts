/** A run as people name it: its id, a part of it that no other has, `last`, or the path of its folder. */
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { StudyError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import { listRuns, RECORD_FILE } from '../../studies/runs/folder.ts'
import { defaultRunsDir } from '../../studies/runs/workbench.ts'

export interface RunPlace {
  readonly runsDir: string
  readonly id: string
}

/** @throws StudyError if there is none, naming the nearest, or if several match */
export function findRun(reference: string, runsOption: string | undefined): RunPlace {
  if (existsSync(join(reference, RECORD_FILE))) {
    const dir = resolve(reference)
    return { runsDir: dirname(dir), id: basename(dir) }
  }
  const runsDir = runsOption === undefined ? defaultRunsDir() : resolve(runsOption)
  const ids = listRuns(runsDir).runs.map(run => run.id)
  const [newest] = ids
  if (newest === undefined)
    throw new StudyError(`run ${reference}: there are no runs in ${runsDir}; --runs DIR looks elsewhere`)
  if (reference === 'last') return { runsDir, id: newest }
  const matches = ids.includes(reference) ? [reference] : ids.filter(id => id.includes(reference))
  const [only, another] = matches
  if (only === undefined) {
    throw new StudyError(
      `run ${reference}: there is none of that name in ${runsDir}; the nearest are ${nearest(reference, ids).join(', ')}`,
    )
  }
  if (another !== undefined)
    throw new StudyError(`run ${reference}: ${matches.length} runs match: ${matches.slice(0, 4).join(', ')}`)
  return { runsDir, id: only }
}
