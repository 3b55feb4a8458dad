import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PullProgress } from '../../../../engine/checkpoint/hub/pull.ts'
import { hubSettings } from '../../../../engine/checkpoint/hub/settings.ts'
import { loadModel } from '../../../../engine/load.ts'
import { runWithHooks } from '../../../../hooks/hooked.ts'
import { EMBEDDED_MODEL } from '../../../../studies/runs/model-list.ts'
import { checkpointDir, NO_TOKENIZER } from '../../../support/fixtures.ts'
import { readFolder } from '../../../support/hub-server.ts'
import { bench, CONFIG, noise } from './support.ts'

const SHARDED = checkpointDir('llama-sharded')

describe('pulling a model', () => {
  it('brings what a checkpoint needs, and nothing else', async () => {
    const { hub, pull } = await bench()
    const files = readFolder(EMBEDDED_MODEL)
    const beside = ['pytorch_model.bin', 'training_args.bin', 'README.md', '.gitattributes', 'flax_model.msgpack']
    for (const name of beside) files.set(name, noise(100))
    hub.add('ada/demo', files)
    const pulled = await pull('ada/demo')
    expect(readdirSync(pulled.dir).sort()).toEqual(readdirSync(EMBEDDED_MODEL).sort())
    for (const [name, bytes] of readFolder(pulled.dir)) expect(bytes.equals(files.get(name) ?? noise(1))).toBe(true)
    expect(hub.fetched().sort()).toEqual(readdirSync(EMBEDDED_MODEL).sort())
  })

  it('brings the shards that the index names', async () => {
    const { hub, pull } = await bench()
    hub.add('ada/sharded', readFolder(SHARDED).set('consolidated.safetensors', noise(100)))
    const { dir, files, fetchedBytes } = await pull('ada/sharded')
    expect(readdirSync(dir).sort()).toEqual(readdirSync(SHARDED).sort())
    expect(files.map(({ bytes }) => bytes).reduce((a, b) => a + b)).toBe(fetchedBytes)
  })

  it.each([
    ['ada/demo', EMBEDDED_MODEL],
    ['ada/sharded', SHARDED],
  ])('%s computes the logits of the folder it was made from', async (id, folder) => {
    const { hub, pull } = await bench()
    hub.add(id, readFolder(folder))
    const { dir } = await pull(id)
    const logits = async (from: string) => {
      const model = await loadModel(from, { backend: 'wasm', tokenizer: NO_TOKENIZER })
      const [output] = await runWithHooks(model, [{ ids: [1, 2, 3, 5, 8] }], { logits: -1 })
      await model.dispose()
      return { name: model.name, values: output?.logits[0] }
    }
    const [ours, theirs] = [await logits(dir), await logits(folder)]
    expect(ours.values).toEqual(theirs.values)
    expect(ours.values).toBeInstanceOf(Float32Array)
    expect(ours.name).toBe(id)
  })

  it('lays the cache out as Python does: blobs by checksum, relative links, refs', async () => {
    const { hub, settings, pull } = await bench()
    const commit = hub.add('ada/sharded', readFolder(SHARDED))
    const { dir } = await pull('ada/sharded')
    const folder = join(settings.cacheDir, 'models--ada--sharded')
    expect(dir).toBe(join(folder, 'snapshots', commit))
    expect(readFileSync(join(folder, 'refs', 'main'), 'utf8')).toBe(commit)
    expect(readdirSync(folder).sort()).toEqual(['blobs', 'refs', 'snapshots'])
    const shard = join(dir, 'model-00001-of-00002.safetensors')
    expect(lstatSync(shard).isSymbolicLink()).toBe(true)
    expect(readlinkSync(shard)).toBe(join('..', '..', 'blobs', basename(realpathSync(shard))))
    expect(basename(realpathSync(shard))).toMatch(/^[0-9a-f]{64}$/)
    expect(basename(realpathSync(join(dir, 'config.json')))).toMatch(/^[0-9a-f]{40}$/)
    expect(readdirSync(join(folder, 'blobs')).filter(name => name.includes('.'))).toEqual([])
  })

  it('fetches nothing twice: not again, and not for another commit with the same file', async () => {
    const { hub, pull } = await bench()
    const files = new Map([
      ['config.json', CONFIG],
      ['model.safetensors', noise(5000)],
    ])
    hub.add('ada/m', files)
    await pull('ada/m')
    hub.requests.length = 0
    expect(await pull('ada/m')).toMatchObject({ fetchedBytes: 0 })
    expect(hub.fetched()).toEqual([])
    hub.add('ada/m', new Map(files).set('generation_config.json', Buffer.from('{}')))
    expect(await pull('ada/m')).toMatchObject({ fetchedBytes: 2 })
    expect(hub.fetched()).toEqual(['generation_config.json'])
  })

  it('takes a branch, a tag with slashes, or a commit', async () => {
    const { hub, settings, pull } = await bench()
    const model = (seed: number) =>
      new Map([
        ['config.json', CONFIG],
        ['model.safetensors', noise(300, seed)],
      ])
    const first = hub.add('ada/m', model(1))
    const second = hub.add('ada/m', model(2), 'refs/pr/1')
    expect(await pull('ada/m@refs/pr/1')).toMatchObject({ commit: second })
    expect(readFileSync(join(settings.cacheDir, 'models--ada--m/refs/refs/pr/1'), 'utf8')).toBe(second)
    expect(await pull(`ada/m@${first}`)).toMatchObject({ commit: first })
    expect(readdirSync(join(settings.cacheDir, 'models--ada--m/refs'))).toEqual(['refs'])
  })

  it('tells how far it is, of all files, and never goes back', async () => {
    const { hub, pull } = await bench()
    hub.add('ada/sharded', readFolder(SHARDED))
    const seen: PullProgress[] = []
    const { fetchedBytes } = await pull('ada/sharded', { onProgress: progress => seen.push(progress) })
    const done = seen.map(progress => progress.doneBytes)
    expect(done).toEqual([...done].sort((a, b) => a - b))
    expect(new Set(seen.map(progress => progress.totalBytes))).toEqual(new Set([fetchedBytes]))
    expect(done.at(-1)).toBe(fetchedBytes)
    expect(seen.some(progress => progress.step === 'check')).toBe(true)
  })

  it('shows the token to the Hub, and to no host that the Hub sends it to', async () => {
    const { hub, settings, pull } = await bench({ HF_TOKEN: 'hf_secret' })
    hub.add('ada/sharded', readFolder(SHARDED))
    expect(settings.token).toBe('hf_secret')
    await pull('ada/sharded')
    const shown = (host: 'hub' | 'store') =>
      new Set(hub.requests.filter(request => request.host === host).map(request => request.authorization))
    expect(shown('hub')).toEqual(new Set(['Bearer hf_secret']))
    expect(shown('store')).toEqual(new Set([null]))
  })

  it('reads the token from the file that Python writes, and opens what is gated or private', async () => {
    const { hub, home, pull } = await bench()
    writeFileSync(join(home, 'token'), `${hub.token}\n`)
    const settings = hubSettings({ HF_ENDPOINT: hub.url, HF_HOME: home })
    for (const how of ['gated', 'private'] as const) {
      hub.add(
        `ada/${how}`,
        new Map([
          ['config.json', CONFIG],
          ['model.safetensors', noise(300)],
        ]),
      )
      hub.closeToStrangers(`ada/${how}`, how)
      await expect(pull(`ada/${how}`, { settings })).resolves.toMatchObject({ id: `ada/${how}` })
    }
  })

  it('fetches nothing offline, and uses what is here', async () => {
    const { hub, settings, pull } = await bench()
    hub.add('ada/sharded', readFolder(SHARDED))
    const offline = { ...settings, offline: true }
    await expect(pull('ada/sharded', { settings: offline })).rejects.toThrow(/not in the cache .*HF_HUB_OFFLINE/)
    expect(hub.requests).toEqual([])
    const { dir } = await pull('ada/sharded')
    hub.requests.length = 0
    expect(await pull('ada/sharded', { settings: offline })).toMatchObject({ dir, fetchedBytes: 0 })
    expect(hub.requests).toEqual([])
  })

  it('two pulls of one model at a time fetch it once', async () => {
    const { hub, pull } = await bench()
    hub.add(
      'ada/m',
      new Map([
        ['config.json', CONFIG],
        ['model.safetensors', noise(40_000)],
      ]),
    )
    hub.fault = request => (request.host === 'store' ? { pauseMs: 20 } : null)
    let waited = 0
    const wait = { onWait: () => waited++ }
    const [one, other] = await Promise.all([pull('ada/m', wait), pull('ada/m', wait)])
    expect(one.dir).toBe(other.dir)
    expect(hub.fetched().sort()).toEqual(['config.json', 'model.safetensors'])
    expect(waited).toBe(1)
  })
})
