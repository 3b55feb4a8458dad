/**
 * Starts or resumes a run and sees it to its end: progress on standard error, Ctrl-C cancels it and
 * says how to go on.
 */
import { join } from 'node:path'
import type { RunState, RunSummary } from '../../studies/runs/events.ts'
import type { Workbench } from '../../studies/runs/workbench-types.ts'
import type { Output } from './output.ts'
import { progressLine } from './progress.ts'
import { runDocument } from './run-document.ts'
import { printReport } from './run-report.ts'

const ENDED: readonly RunState[] = ['done', 'cancelled', 'failed', 'interrupted']
/** In a pipe, a line for each tenth of the work, so that a log stays short. */
const PLAIN_STEPS = 10

export interface FollowOptions {
  readonly workbench: Workbench
  readonly json: boolean
  readonly output: Output
  /** Starts or resumes the run. */
  readonly begin: () => Promise<RunSummary>
}

function showProgress(output: Output): (run: RunSummary, etaMs: number | null) => void {
  let said = -1
  return ({ done, total }, etaMs) => {
    if (total === 0) return
    output.status(progressLine(done, total, etaMs, process.stderr.columns ?? 80))
    const step = Math.floor((done / total) * PLAIN_STEPS)
    if (output.live || step <= said) return
    said = step
    output.say(`${done} of ${total} (${Math.round((100 * done) / total)}%)`)
  }
}

/** Follows the run to its end and prints it. Returns the exit code; closes the workbench. */
export async function followRun({ workbench, json, output, begin }: FollowOptions): Promise<number> {
  const progress = showProgress(output)
  const etas = new Map<string, number | null>()
  let id: string | null = null
  let stopping = false
  let finish: () => void = () => {}
  const ended = new Promise<void>(resolve => {
    finish = resolve
  })
  workbench.on('event', (run, event) => {
    if (event.type === 'progress') etas.set(run, event.etaMs)
  })
  workbench.on('run', run => {
    if (ENDED.includes(run.state)) finish()
    else if (run.state === 'running' && !stopping) progress(run, etas.get(run.id) ?? null)
  })
  const onInterrupt = () => {
    if (id === null) {
      // The study or the model is being read, which cannot be asked to end; nothing is lost with this process.
      output.say('Stopped before anything was computed.')
      process.exit(130)
    }
    if (stopping) {
      // A second Ctrl-C does not wait for the slice to end. What is journaled stays.
      void workbench.close().then(finish)
      return
    }
    stopping = true
    output.say('Stopping after this slice; Ctrl-C again stops at once.')
    void workbench.cancel(id).catch(() => {})
  }
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onInterrupt)
  try {
    const run = await begin()
    id = run.id
    output.say(`Run ${run.id} in ${workbench.runsDir}`)
    if (!ENDED.includes(run.state)) await ended
    output.status('')
    return await conclude(workbench, run.id, json, output)
  } finally {
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onInterrupt)
    await workbench.close()
  }
}

async function conclude(workbench: Workbench, id: string, json: boolean, output: Output): Promise<number> {
  const snapshot = await workbench.snapshot(id)
  const dir = join(workbench.runsDir, id)
  const resume = `patchlight resume ${id} --runs ${workbench.runsDir}`
  switch (snapshot.state) {
    case 'done':
      if (json) output.json(runDocument(snapshot, dir))
      else printReport(snapshot, dir, output)
      return 0
    case 'failed':
      output.say(`patchlight: ${snapshot.error ?? 'the run failed'}`)
      output.say(`What was journaled is kept: ${resume} does the rest.`)
      return 1
    case 'interrupted':
      output.say(`patchlight: ${snapshot.error ?? 'the run was interrupted'}`)
      output.say(`To go on: ${resume}`)
      return snapshot.error === null ? 130 : 1
    default:
      output.say(`Stopped. To go on: ${resume}`)
      return 130
  }
}
