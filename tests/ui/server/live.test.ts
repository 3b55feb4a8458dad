/** Answers in lines over real HTTP: text as it is generated, and a model on its way from a Hub on loopback. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EMBEDDED_MODEL } from '../../../studies/runs/model-list.ts'
import { createWorkbench } from '../../../studies/runs/workbench.ts'
import type { GenerateEvent, PullEvent, Workbench } from '../../../studies/runs/workbench-types.ts'
import { createApi } from '../../../ui/client/api.ts'
import { type RunningServer, startServer } from '../../../ui/server/start.ts'
import { HubServer, readFolder } from '../../support/hub-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'patchlight-'))
let hub: HubServer
let workbench: Workbench
let server: RunningServer
let api: ReturnType<typeof createApi>

beforeAll(async () => {
  hub = await HubServer.start()
  for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE', 'PATCHLIGHT_MODELS']) {
    vi.stubEnv(name, '')
  }
  vi.stubEnv('HF_HOME', folder)
  vi.stubEnv('HF_ENDPOINT', hub.url)
  hub.add('ada/demo', readFolder(EMBEDDED_MODEL))
  workbench = createWorkbench({ runsDir: join(folder, 'runs'), backend: 'wasm' })
  server = await startServer({ workbench, port: 0 })
  api = createApi({ base: server.url.replace(/\/$/, '') })
})

afterAll(async () => {
  await server.close()
  await workbench.close()
  await hub.close()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const json = { 'content-type': 'application/json', ...headers }
  return fetch(`${server.url}api${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) })
}

/** What the workbench's last call came to. */
function lastOf(calls: { readonly mock: { readonly results: readonly { readonly value: unknown }[] } }): unknown {
  return calls.mock.results.at(-1)?.value
}

const never = () => new AbortController().signal

describe('POST /api/generate', () => {
  it('tells each token as it comes, the two texts side by side', async () => {
    const events: GenerateEvent[] = []
    let heardBeforeTheEnd = 0
    await api
      .generate(
        { prompt: 'the time is', maxTokens: 8, interventions: [{ at: 'N3@L1', set: { value: 50 } }] },
        event => events.push(event),
        never(),
      )
      .then(() => {
        heardBeforeTheEnd = events.length
      })
    expect(heardBeforeTheEnd).toBe(events.length)
    expect(events[0]?.type).toBe('began')
    for (const side of ['unsteered', 'steered']) {
      const tokens = events.filter(event => event.type === 'token' && event.side === side)
      expect(tokens.length).toBeGreaterThan(0)
      expect(events).toContainEqual({ type: 'end', side, finish: expect.stringMatching(/^(eos|length)$/) })
    }
  })

  it('ends in the engine when the reader goes away', async () => {
    const generated = vi.spyOn(workbench, 'generate')
    const stop = new AbortController()
    const asked = api.generate(
      { prompt: 'the time is', maxTokens: 100_000, temperature: 5 },
      event => {
        if (event.type === 'token') stop.abort()
      },
      stop.signal,
    )
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
    await expect(lastOf(generated)).rejects.toMatchObject({ name: 'AbortError' })
  })

  it.each<[unknown, RegExp]>([
    [{}, /^request body\.prompt: expected string/],
    [{ prompt: 'a', intervention: [] }, /intervention/],
    [{ prompt: 'a', interventions: {} }, /^request body\.interventions: expected array/],
    [{ prompt: 'a', interventions: [{ at: 'L1H1', set: { scale: 'x' } }] }, /^intervention 0, set\.scale: /],
    [{ prompt: 'a', interventions: [{ at: 'L1H99', set: { zero: true } }] }, /L1H99/],
    [{ prompt: 'a', bos: 'maybe' }, /^request body\.bos: /],
    [{ prompt: 'a', temperature: -1 }, /^generate: expected a temperature/],
  ])('refuses %j with 400 and one sentence', async (body, sentence) => {
    const answer = await post('/generate', body)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toEqual({ error: expect.stringMatching(sentence) })
  })

  it('answers no page of another origin', async () => {
    for (const path of ['/generate', '/pull']) {
      expect((await post(path, { prompt: 'a' }, { origin: 'http://elsewhere.example' })).status).toBe(403)
    }
  })
})

describe('POST /api/pull', () => {
  const blobs = join(folder, 'hub/models--ada--demo')

  it('stops when the reader goes away, and goes on when asked again; then the model is in the list', async () => {
    hub.fault = ({ host }) => (host === 'store' ? { pauseMs: 20 } : null)
    const pulled = vi.spyOn(workbench, 'pull')
    const stop = new AbortController()
    const first = api.pull(
      'ada/demo',
      event => {
        if (event.type === 'progress' && event.doneBytes > 0) stop.abort()
      },
      stop.signal,
    )
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    await expect(lastOf(pulled)).rejects.toMatchObject({ name: 'AbortError' })
    expect(existsSync(blobs)).toBe(true)
    expect((await api.models()).map(model => model.name)).not.toContain('ada/demo')

    hub.fault = () => null
    const events: PullEvent[] = []
    await api.pull('ada/demo', event => events.push(event), never())
    const last = events.at(-1)
    const progress = events.filter(event => event.type === 'progress').at(-1)
    expect(progress?.doneBytes).toBe(progress?.totalBytes)
    const dir = last?.type === 'done' ? last.dir : ''
    expect((await api.models()).find(model => model.dir === dir)?.name).toBe('ada/demo')
  })

  it('says what is wrong in one sentence', async () => {
    await expect(api.pull('ada/none', () => {}, never())).rejects.toThrow(/^ada\/none/)
    await expect(api.pull('no name', () => {}, never())).rejects.toThrow(/expected/)
    await expect(api.pull(' ', () => {}, never())).rejects.toThrow('expected OWNER/NAME, got nothing')
    hub.add('ada/cut', new Map([...readFolder(EMBEDDED_MODEL)].map(([name, bytes]) => [name, Buffer.from(bytes)])))
    hub.fault = ({ file }) => (file === 'config.json' ? { status: 403 } : null)
    await expect(api.pull('ada/cut', () => {}, never())).rejects.toThrow(/^ada\/cut/)
    hub.fault = () => null
  })
})
