/** `patchlight pull` and `models`, and `--model OWNER/NAME`, against a Hub on loopback. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { EMBEDDED_MODEL } from '../../../studies/runs/model-list.ts'
import { temporaryFolder, testWorkbench } from '../../studies/runs/support.ts'
import { checkpointDir } from '../../support/fixtures.ts'
import { HubServer, readFolder } from '../../support/hub-server.ts'
import { cli, inProcess, startCli } from './support.ts'

let hub: HubServer
let home: string

beforeEach(async () => {
  hub = await HubServer.start()
  home = temporaryFolder()
  const names = ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE', 'PATCHLIGHT_MODELS']
  for (const name of names) vi.stubEnv(name, '')
  vi.stubEnv('HF_HOME', home)
  vi.stubEnv('HF_ENDPOINT', hub.url)
  hub.add('ada/demo', readFolder(EMBEDDED_MODEL))
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await hub.close()
  })
})

describe('patchlight pull', () => {
  it('fetches a model that every command then knows by its name', async () => {
    const wanted = await inProcess(['logits', '--model', 'ada/demo', '--ids', '1,2', '--backend', 'wasm'])
    expect(wanted).toMatchObject({ code: 1, out: '' })
    expect(wanted.err).toMatch(/^patchlight: ada\/demo: expected .*; patchlight pull ada\/demo fetches it\n$/)

    const pulled = await inProcess(['pull', 'ada/demo'])
    expect(pulled.code).toBe(0)
    expect(pulled.out).toMatch(
      /^ada\/demo is here now, .* MB fetched: commit [0-9a-f]{40} in\n.*\nTo use it: --model ada\/demo\n$/,
    )
    expect(pulled.err).toMatch(/ of .* MB.* \(100%\)\n$/)
    expect((await inProcess(['pull', 'ada/demo'])).out).toContain('was here already')

    const ask = (model: string) =>
      inProcess(['logits', '--model', model, '--ids', '1,2,3', '--backend', 'wasm', '--json'])
    const [named, folder] = [await ask('ada/demo'), await ask(EMBEDDED_MODEL)]
    expect(named).toMatchObject({ code: 0, err: '' })
    expect(named.out).toBe(folder.out)
  })

  it('prints one document with --json, and what a cut left', async () => {
    hub.fault = ({ host }) => (host === 'store' ? { silentAfter: 1_000_000 } : null)
    const { child, finished } = startCli(['pull', 'ada/demo'])
    const blobs = join(home, 'hub/models--ada--demo/blobs')
    await vi.waitFor(() => expect(unfinishedBytes(blobs)).toBeGreaterThan(500_000), { timeout: 30_000, interval: 50 })
    child.kill('SIGINT')
    expect(await finished).toMatchObject({ code: 130, out: '' })
    expect((await finished).err).toMatch(/Stopped\. To go on: patchlight pull ada\/demo\n$/)

    hub.fault = () => null
    const { code, out } = await inProcess(['pull', 'ada/demo', '--json'])
    expect(code).toBe(0)
    const { model, revision, files, dir, fetchedBytes } = JSON.parse(out)
    expect({ model, revision }).toEqual({ model: 'ada/demo', revision: 'main' })
    expect(files).toContainEqual({ name: 'config.json', bytes: expect.any(Number) })
    expect(fetchedBytes).toBeLessThan(files.reduce((sum: number, file: { bytes: number }) => sum + file.bytes, 0))
    expect(existsSync(join(dir, 'model.safetensors'))).toBe(true)
    expect(hub.requests.at(-1)?.range).toMatch(/^bytes=\d+-$/)
  })

  it('says that the disk is full, and goes on when it is not', async () => {
    const full = await cli(['pull', 'ada/demo'], { shell: 'ulimit -f 1000' })
    expect(full).toMatchObject({ code: 1, out: '' })
    expect(full.err).toMatch(/patchlight: ada\/demo: the disk of the cache .* is full .*goes on from there\n$/)
    expect(await inProcess(['pull', 'ada/demo'])).toMatchObject({ code: 0 })
  })

  it('says in one sentence what it cannot do', async () => {
    const { code, out, err } = await inProcess(['pull', 'ada/none'])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/^patchlight: ada\/none: .* has no such model .*\n$/)
    expect(await inProcess(['pull'])).toMatchObject({ code: 2 })
  })
})

describe('patchlight models', () => {
  it('lists what is embedded, given and pulled, and whether it fits', async () => {
    expect(await inProcess(['pull', 'ada/demo'])).toMatchObject({ code: 0 })
    const given = checkpointDir('qwen3')
    const { code, out } = await inProcess(['models', '--model', given, '--json'])
    expect(code).toBe(0)
    const list: Record<string, unknown>[] = JSON.parse(out)
    expect(list.map(({ source, name, family, fits }) => ({ source, name, family, fits }))).toEqual([
      { source: 'folder', name: 'checkpoint', family: 'qwen3', fits: true },
      { source: 'embedded', name: 'patchlight-demo', family: 'llama', fits: true },
      { source: 'hub', name: 'ada/demo', family: 'llama', fits: true },
    ])
    for (const { parameters, memoryBytes } of list) expect(memoryBytes).toBe(4 * Number(parameters))
    const table = await inProcess(['models'])
    expect(table.out).toMatch(/^ +ada\/demo +llama +[\d.]+ M +[\d.]+ MB +[\d.]+ MB +yes +hub$/m)
  })
})

describe('the workbench', () => {
  it('offers a pulled model at once, takes it by name, and says what is not here', async () => {
    const workbench = testWorkbench()
    const names = async () => (await workbench.models()).map(model => model.name)
    expect(await names()).toEqual(['patchlight-demo'])
    await expect(workbench.tokenize('ada/demo', ['x'])).rejects.toThrow('patchlight pull ada/demo')
    await inProcess(['pull', 'ada/demo'])
    expect(await names()).toEqual(['patchlight-demo', 'ada/demo'])
    expect(await workbench.tokenize('ada/demo', ['at noon'])).toEqual(await workbench.tokenize(undefined, ['at noon']))
  })
})

function unfinishedBytes(blobs: string): number {
  const name = existsSync(blobs) ? readdirSync(blobs).find(found => found.endsWith('.incomplete')) : undefined
  return name === undefined ? 0 : statSync(join(blobs, name)).size
}
