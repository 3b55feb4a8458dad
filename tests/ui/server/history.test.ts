/** Past runs over HTTP and sockets, on real folders: what is said of them, the trash, pictures, files. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, inflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RunId, RunSummary } from '../../../studies/runs/events.ts'
import { JOURNAL_FILE, JournalWriter } from '../../../studies/runs/journal.ts'
import { lockRun } from '../../../studies/runs/lock.ts'
import { RunShelf } from '../../../studies/runs/shelf.ts'
import { createWorkbench } from '../../../studies/runs/workbench.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { createApi } from '../../../ui/client/api.ts'
import { RunFeed } from '../../../ui/client/run-feed.ts'
import { type RunningServer, startServer } from '../../../ui/server/start.ts'
import { FIGURE_EVENT, runWith } from '../../studies/runs/support.ts'
import { until } from '../../support/until.ts'

const runsDir = mkdtempSync(join(tmpdir(), 'patchlight-'))
const DONE = { type: 'state', state: 'done' } as const
let workbench: Workbench
let server: RunningServer
let api: ReturnType<typeof createApi>
let feed: RunFeed
/** What another tab hears. */
const heard: { changed: RunSummary[]; removed: RunId[] } = { changed: [], removed: [] }

beforeAll(async () => {
  workbench = createWorkbench({ runsDir, backend: 'wasm' })
  server = await startServer({ workbench, port: 0 })
  api = createApi({ base: server.url.replace(/\/$/, '') })
  feed = new RunFeed({ url: server.url })
  feed.onRuns((changed, removed) => {
    heard.changed.push(...changed)
    heard.removed.push(...removed)
  })
  await until(() => feed.status === 'live')
})

afterAll(async () => {
  feed.close()
  await server.close()
  await workbench.close()
  rmSync(runsDir, { recursive: true, force: true })
})

const aRun = () =>
  runWith(runsDir, FIGURE_EVENT, { type: 'cells', figure: 'f', first: 0, values: [-1, 0, Number.NaN, 1] }, DONE)

describe('past runs', () => {
  it('are named, and every tab hears it', async () => {
    const { id } = aRun()
    const said = await api.annotate(id, { name: 'Named', addTags: ['x'] })
    expect(said.meta).toMatchObject({ name: 'Named', tags: ['x'] })
    await until(() => heard.changed.some(run => run.id === id && run.meta.name === 'Named'))
    expect((await api.runs()).find(run => run.id === id)?.meta).toEqual(said.meta)
    await expect(api.annotate(id, { name: 'x'.repeat(200) })).rejects.toMatchObject({ status: 400 })
    await expect(api.annotate(id, JSON.parse('{"stars": 5}'))).rejects.toMatchObject({ status: 400 })
    await expect(api.annotate('nowhere', { name: 'x' })).rejects.toMatchObject({ status: 404 })
  })

  it('that another process names, makes and deletes are heard of without a reload', async () => {
    await api.runs()
    const elsewhere = new RunShelf(runsDir)
    const { id, dir } = aRun()
    await until(() => heard.changed.some(run => run.id === id))
    elsewhere.annotate(id, { name: 'From the command line' })
    await until(() => heard.changed.some(run => run.id === id && run.meta.name === 'From the command line'))
    // A run that computes elsewhere is followed, though nothing happens in the folder of runs itself.
    const writer = new JournalWriter(join(dir, JOURNAL_FILE))
    writer.append({ type: 'state', state: 'running' }, 1)
    const lock = lockRun(dir)
    elsewhere.annotate(id, { note: 'It goes on.' })
    await until(() => heard.changed.some(run => run.id === id && run.state === 'running'))
    writer.append({ type: 'progress', done: 3, total: 4, etaMs: null }, 2)
    await until(() => heard.changed.some(run => run.id === id && run.done === 3))
    writer.append({ type: 'state', state: 'done' }, 3)
    writer.close()
    lock.release()
    elsewhere.remove(id)
    await until(() => heard.removed.includes(id))
  })

  it('are deleted and restored, and every tab hears it; not while they compute', async () => {
    const { id, dir } = aRun()
    const before = await api.run(id)
    await api.remove(id)
    await until(() => heard.removed.includes(id))
    await expect(api.run(id)).rejects.toMatchObject({ status: 404 })
    expect((await api.deleted()).map(({ run }) => run.id)).toContain(id)
    expect((await api.restore(id)).id).toBe(id)
    expect(await api.run(id)).toEqual(before)
    await expect(api.restore(id)).rejects.toMatchObject({ status: 400, message: /not among the deleted runs/ })
    await expect(api.restore('../../etc')).rejects.toMatchObject({ status: 404 })
    const lock = lockRun(dir)
    await expect(api.remove(id)).rejects.toMatchObject({ status: 400, message: /cancel it first/ })
    lock.release()
  })

  it('give what a form needs to ask the same again, and their study’s source', async () => {
    const { id } = aRun()
    expect(await api.record(id)).toMatchObject({ id, study: 'counting', params: { rows: 4 }, seed: 0 })
    expect(await api.source(id)).toBe(null)
  })

  it('have a small picture, a pixel a cell, kept on disk and by the browser', async () => {
    const { id, dir } = aRun()
    const ask = async () => {
      const response = await fetch(
        `${server.url.replace(/\/$/, '')}${api.previewUrl(id, 'done-4').replace(/^.*?\/api/, '/api')}`,
      )
      return { headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
    }
    const { headers, bytes } = await ask()
    expect(headers.get('content-type')).toBe('image/png')
    expect(headers.get('cache-control')).toContain('immutable')
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([2, 2])
    const data = bytes.subarray(41, 41 + bytes.readUInt32BE(33))
    // A filter's number before each row; blue, grey, clear, red.
    expect([...inflateSync(data)]).toEqual([
      ...[0, 0x05, 0x30, 0x61, 255, 0xf7, 0xf7, 0xf7, 255],
      ...[0, 0, 0, 0, 0, 0x67, 0x00, 0x1f, 255],
    ])
    expect(readdirSync(dir)).toContain('preview.png')
    expect((await ask()).bytes.equals(bytes)).toBe(true)
  })

  it('that are too large unpacked are refused in an answer that arrives, though more of the file is on its way', async () => {
    const before = readdirSync(runsDir)
    const zeros = gzipSync(Buffer.alloc(10e6))
    const bomb = new Blob(Array(60).fill(zeros))
    for (let i = 0; i < 5; i++) {
      await expect(api.importRun(bomb)).rejects.toMatchObject({ status: 400, message: /^archive: / })
    }
    const noArchive = new Blob(Array(40).fill(new Uint8Array(1e6)))
    await expect(api.importRun(noArchive)).rejects.toMatchObject({ status: 400, message: /^archive: / })
    expect(readdirSync(runsDir)).toEqual(before)
  })

  it('travel as files', async () => {
    const { id } = aRun()
    const response = await fetch(api.archiveUrl(id))
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename=${id}.patchlight`)
    const file = await response.blob()
    const copy = await api.importRun(file)
    expect(copy.id).not.toBe(id)
    const { record: _a, ...first } = await api.run(id)
    const { record: _b, ...second } = await api.run(copy.id)
    expect(second).toEqual(first)
    const before = readdirSync(runsDir)
    await expect(api.importRun(file.slice(0, 100))).rejects.toMatchObject({ status: 400, message: /^archive: / })
    await expect(api.importRun(new Blob([]))).rejects.toMatchObject({ status: 400, message: /^archive: it ends early/ })
    const empty = await fetch(`${server.url}api/runs/import`, { method: 'POST' })
    expect(empty.status).toBe(400)
    // A body that is taken for JSON has been read by then.
    const headers = { 'content-type': 'application/json' }
    const json = await fetch(`${server.url}api/runs/import`, { method: 'POST', headers, body: '{}' })
    expect(await json.json()).toEqual({ error: 'archive: it ends early' })
    expect(readdirSync(runsDir)).toEqual(before)
    await expect(fetch(api.archiveUrl('nowhere'))).resolves.toMatchObject({ status: 404 })
  })

  it('may be left in the middle of its download, which is no fault of the server', async () => {
    const { id, dir } = aRun()
    mkdirSync(join(dir, 'figures'))
    writeFileSync(join(dir, 'figures', 'large.png'), randomBytes(20e6))
    const pack = vi.spyOn(workbench.history, 'pack')
    const log: string[] = []
    const other = await startServer({ workbench, port: 0, log: line => log.push(line) })
    const leaving = new AbortController()
    const response = await fetch(`${other.url}api/runs/${id}/archive`, { signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    const content = await pack.mock.results.at(-1)?.value
    await until(() => content?.closed === true)
    await other.close()
    pack.mockRestore()
    expect(log).toEqual([])
  })
})
