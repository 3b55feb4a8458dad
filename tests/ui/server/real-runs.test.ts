/** Server, client and the real workbench with its engine process: one run's whole life. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createWorkbench } from '../../../studies/runs/workbench.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { createApi } from '../../../ui/client/api.ts'
import { RunFeed } from '../../../ui/client/run-feed.ts'
import type { RunWatch } from '../../../ui/client/run-watch.ts'
import { type RunningServer, startServer } from '../../../ui/server/start.ts'
import { COUNTING } from '../../studies/runs/support.ts'
import { until } from '../../support/until.ts'

const runsDir = mkdtempSync(join(tmpdir(), 'patchlight-'))
const SLOW = { rows: 40, columns: 5, sliceMs: 40 }
/** Whoever may start runs may not thereby run any file of this machine. */
const STRANGE = join(runsDir, 'strange.ts')
writeFileSync(STRANGE, "throw new Error('was run')")
let workbench: Workbench
let server: RunningServer
let api: ReturnType<typeof createApi>
let feed: RunFeed

function open(): Workbench {
  return createWorkbench({ runsDir, studyFiles: [COUNTING], backend: 'wasm' })
}

function known(watch: RunWatch): number {
  const [figure] = watch.view?.figures.values() ?? []
  return figure?.values.filter(value => !Number.isNaN(value)).length ?? 0
}

beforeAll(async () => {
  workbench = open()
  server = await startServer({ workbench, port: 0 })
  api = createApi({ base: server.url.replace(/\/$/, '') })
  feed = new RunFeed({ url: server.url })
})

afterAll(async () => {
  feed.close()
  await server.close()
  await workbench.close()
  rmSync(runsDir, { recursive: true, force: true })
})

it('cells arrive before the end; it can be cancelled, looked at, resumed and downloaded', async () => {
  const { id } = await api.start({ study: 'counting', params: SLOW })
  const watch = feed.watch(id)
  await until(() => watch.view?.state === 'running' && known(watch) > 5)
  expect((await api.cancel(id)).state).toBe('cancelled')
  await until(() => watch.view?.state === 'cancelled')
  expect(known(watch)).toBeLessThan(199)

  await api.resume(id)
  await until(() => watch.view?.state === 'done')
  const [figure] = watch.view?.figures.values() ?? []
  expect([...(figure?.values ?? [])]).toEqual(
    Array.from({ length: 200 }, (_, i) => (i === 0 ? Number.NaN : Math.fround(i / 3))),
  )
  const id0 = figure?.spec.id ?? ''
  const csv = await (await fetch(api.figureUrl(id, id0, 'csv'))).text()
  // The first cell has no value; the rest keep the digits of the journal, which float32 would not.
  expect(
    csv
      .split('\r\n')
      .slice(1, 3)
      .map(row => row.split(',')[4]),
  ).toEqual(['', String(1 / 3)])
  expect((await (await fetch(api.figureUrl(id, id0, 'svg'))).text()).startsWith('<svg')).toBe(true)
  watch.close()
})

it('the whole server killed in the middle and started anew: the page recovers and the run resumes', async () => {
  const { id } = await api.start({ study: 'counting', params: SLOW })
  const watch = feed.watch(id)
  await until(() => known(watch) > 5)
  const { port } = server
  await server.close()
  await workbench.close()
  await until(() => feed.status === 'offline')
  workbench = open()
  server = await startServer({ workbench, port })
  await until(() => feed.status === 'live' && watch.view?.state !== 'running')
  const before = known(watch)
  expect(before).toBeGreaterThan(5)
  await api.resume(id)
  await until(() => watch.view?.state === 'done')
  expect(known(watch)).toBe(199)
  watch.close()
})

it('two clients see the same, one of them late', async () => {
  const { id } = await api.start({ study: 'counting', params: { ...SLOW, rows: 20 } })
  const one = feed.watch(id)
  await until(() => known(one) > 5)
  const late = new RunFeed({ url: server.url })
  const two = late.watch(id)
  await until(() => one.view?.state === 'done' && two.view?.state === 'done')
  expect([...(two.view?.figures.values() ?? [])].map(({ values, marks }) => [values, marks])).toEqual(
    [...(one.view?.figures.values() ?? [])].map(({ values, marks }) => [values, marks]),
  )
  late.close()
})

it.each([
  ['a study file that is not offered, without running it', { study: STRANGE }],
  ['an unknown study', { study: 'nothing' }],
  ['an unknown parameter', { study: 'counting', params: { colour: 'red' } }],
  ['a parameter out of range', { study: 'counting', params: { rows: -1 } }],
  ['a model that is not there', { study: 'counting', model: '/no/such/folder' }],
])('refuses %s with one sentence', async (_what, request) => {
  const before = (await api.runs()).length
  const refused = await api.start(request).then(
    () => null,
    (error: unknown) => error,
  )
  expect(refused).toMatchObject({ name: 'ApiError', status: 400 })
  expect(refused instanceof Error ? refused.message : '').not.toMatch(/\n\s+at |internal:|was run/)
  expect((await api.runs()).length).toBe(before)
})

it('answers for a run that is not there, and for ids that leave the folder', async () => {
  for (const id of ['2026-01-01-0000-counting-aaaa', '...', 'a/../b', `../${runsDir}`]) {
    await expect(api.run(id)).rejects.toMatchObject({ status: 404 })
  }
  const watch = feed.watch('2026-01-01-0000-counting-aaaa')
  await until(() => watch.problem !== null)
  watch.close()
})
