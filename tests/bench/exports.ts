/**
 * Exports of 131,072 cells: how long the server's own thread is held up by one, with the drawing in
 * threads of their own and, beside it, with the same work done in the server's thread. The run is read
 * from disk by the real workbench, and asked for over real HTTP.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createWorkbench } from '../../studies/runs/workbench.ts'
import type { Workbench } from '../../studies/runs/workbench-types.ts'
import { doJob, type Job } from '../../ui/server/drawing/jobs.ts'
import { startServer } from '../../ui/server/start.ts'
import { RECORD } from '../studies/runs/support.ts'
import { neuronAblation } from '../ui/figures/support.ts'
import type { Bench, Table } from './table.ts'

const ROWS = 256
const COLUMNS = 512
const RUN = RECORD.id
const FIGURE = 'layer-5'
const FORMATS = ['svg', 'pdf', 'png', 'csv', 'json'] as const
/** The delay is sampled this often, and a sample's own tardiness is the delay. */
const RESOLUTION_MS = 1
const BATCH = 1024

export const exports: Bench = {
  name: 'export',
  async run({ progress }): Promise<Table[]> {
    const runsDir = mkdtempSync(join(tmpdir(), 'patchlight-bench-export-'))
    const workbench = createWorkbench({ runsDir })
    const server = await startServer({ workbench, port: 0 })
    try {
      writeRun(join(runsDir, RUN))
      const rows: Record<string, string | number>[] = []
      // The first of each pays for fonts and WebAssembly: threads are warm afterwards, as a server's are.
      for (const warm of [true, false]) {
        for (const format of FORMATS) {
          progress(`${format}${warm ? ', first time' : ''}`)
          const threads = await held(async () => {
            const answer = await fetch(`${server.url}api/runs/${RUN}/figures/${FIGURE}.${format}`)
            return (await answer.arrayBuffer()).byteLength
          })
          const inline = await held(async () => (await doJob(await job(workbench, format))).byteLength)
          if (!warm)
            rows.push({ format, ...named('threads', threads), ...named('inline', inline), kb: threads.bytes / 1e3 })
        }
      }
      return [table(rows)]
    } finally {
      await server.close()
      await workbench.close()
      rmSync(runsDir, { recursive: true, force: true })
    }
  },
}

function table(rows: Table['rows']): Table {
  return {
    title: `Exports of ${(ROWS * COLUMNS).toLocaleString('en')} cells`,
    columns: [
      { key: 'format', label: 'format' },
      { key: 'kb', label: 'kB' },
      { key: 'threadsMs', label: 'in threads, ms' },
      { key: 'threadsHeldMs', label: 'server held up, ms' },
      { key: 'inlineMs', label: 'in the server’s thread, ms' },
      { key: 'inlineHeldMs', label: 'held up, ms' },
    ],
    rows,
    note: 'Held up: the longest delay of the server’s event loop during the export; reading the run from disk is part of both.',
  }
}

async function job(workbench: Workbench, format: (typeof FORMATS)[number]): Promise<Job> {
  const snapshot = await workbench.snapshot(RUN)
  return format === 'csv' || format === 'json'
    ? { kind: 'figure-data', snapshot, figure: FIGURE, format }
    : { kind: 'picture', snapshot, figure: FIGURE, format, options: {} }
}

interface Held {
  readonly ms: number
  readonly heldMs: number
  readonly bytes: number
}

const named = (name: string, { ms, heldMs }: Held) => ({ [`${name}Ms`]: ms, [`${name}HeldMs`]: heldMs })

async function held(work: () => Promise<number>): Promise<Held> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  const start = performance.now()
  const bytes = await work()
  const ms = performance.now() - start
  // The last delay is seen by the sample after it.
  await new Promise(resolve => setTimeout(resolve, 10 * RESOLUTION_MS))
  delay.disable()
  return { ms, heldMs: delay.max / 1e6, bytes }
}

function writeRun(dir: string): void {
  const [figure] = neuronAblation(COLUMNS, ROWS).figures
  if (figure === undefined) throw new Error('there is no figure')
  const values = [...figure.values]
  const marks = [...figure.marks]
  const bodies = [
    { type: 'figure', figure: figure.spec },
    ...Array.from({ length: Math.ceil(values.length / BATCH) }, (_, i) => {
      const part = [i * BATCH, (i + 1) * BATCH] as const
      return {
        type: 'cells',
        figure: FIGURE,
        first: i * BATCH,
        values: values.slice(...part),
        marks: marks.slice(...part),
      }
    }),
    { type: 'state', state: 'done' },
  ]
  mkdirSync(dir)
  writeFileSync(join(dir, 'run.json'), JSON.stringify(RECORD))
  const lines = bodies.map((body, seq) => JSON.stringify({ seq, t: seq, ...body }))
  writeFileSync(join(dir, 'journal.ndjson'), `${lines.join('\n')}\n`)
}
