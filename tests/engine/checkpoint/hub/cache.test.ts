/** The cache as Python leaves it, and models found in it by name. */
import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { linkBlob, listCached, snapshotName } from '../../../../engine/checkpoint/hub/cache.ts'
import { findModel } from '../../../../engine/checkpoint/hub/find-model.ts'
import { Meter } from '../../../../engine/checkpoint/hub/meter.ts'
import { cacheFolder, hubSettings } from '../../../../engine/checkpoint/hub/settings.ts'
import { temporaryFolder } from '../../../support/fixtures.ts'

const ONE = '1'.repeat(40)
const TWO = '2'.repeat(40)

function folder(): string {
  const { dir, remove } = temporaryFolder()
  onTestFinished(remove)
  return dir
}

/** A file in the cache as Python makes it: a blob, and a link to it. */
function put(cache: string, model: string, commit: string, name: string, text = '{}'): void {
  const blob = join(cache, model, 'blobs', `${commit}-${name}`)
  const link = join(cache, model, 'snapshots', commit, name)
  for (const path of [blob, link]) mkdirSync(dirname(path), { recursive: true })
  writeFileSync(blob, text)
  symlinkSync(join('..', '..', 'blobs', `${commit}-${name}`), link)
}

function point(cache: string, model: string, ref: string, commit: string): void {
  const path = join(cache, model, 'refs', ref)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, commit)
}

describe('models in the cache', () => {
  it('are found by name, branch, tag with slashes and commit', async () => {
    const cache = folder()
    const model = 'models--ada--m'
    for (const commit of [ONE, TWO]) {
      put(cache, model, commit, 'config.json')
      put(cache, model, commit, 'model.safetensors')
    }
    point(cache, model, 'main', ONE)
    point(cache, model, 'refs/pr/1', TWO)
    const at = (commit: string) => join(cache, model, 'snapshots', commit)
    expect(await findModel('ada/m', cache)).toBe(at(ONE))
    expect(await findModel('ada/m@main', cache)).toBe(at(ONE))
    expect(await findModel('ada/m@refs/pr/1', cache)).toBe(at(TWO))
    expect(await findModel(`ada/m@${TWO}`, cache)).toBe(at(TWO))
    expect(await listCached(cache)).toEqual([
      { reference: { id: 'ada/m', revision: 'main' }, dir: at(ONE) },
      { reference: { id: 'ada/m', revision: 'refs/pr/1' }, dir: at(TWO) },
    ])
  })

  it('are listed though their branch has no snapshot, or they have no branch; parts and other things are not', async () => {
    const cache = folder()
    put(cache, 'models--ada--moved', ONE, 'config.json')
    put(cache, 'models--ada--moved', ONE, 'model.safetensors')
    point(cache, 'models--ada--moved', 'main', TWO)
    put(cache, 'models--gpt2', ONE, 'config.json')
    put(cache, 'models--gpt2', ONE, 'model.safetensors')
    put(cache, 'models--ada--config-only', ONE, 'config.json')
    point(cache, 'models--ada--config-only', 'main', ONE)
    put(cache, 'models--ada--one-shard', ONE, 'config.json')
    put(cache, 'models--ada--one-shard', ONE, 'a.safetensors')
    const index = JSON.stringify({ weight_map: { x: 'a.safetensors', y: 'b.safetensors' } })
    put(cache, 'models--ada--one-shard', ONE, 'model.safetensors.index.json', index)
    put(cache, 'datasets--ada--texts', ONE, 'config.json')
    put(cache, 'datasets--ada--texts', ONE, 'model.safetensors')
    mkdirSync(join(cache, '.locks', 'models--ada--moved'), { recursive: true })
    const found = await listCached(cache)
    expect(found.map(({ reference }) => `${reference.id}@${reference.revision}`)).toEqual([
      `ada/moved@${ONE}`,
      `gpt2@${ONE}`,
    ])
    expect(await findModel(`gpt2@${ONE}`, cache)).toContain('models--gpt2')
    await expect(findModel('ada/moved', cache)).rejects.toThrow(
      `ada/moved: expected a checkpoint folder, or a model pulled from the Hub, got neither (ada/moved@${ONE} is here); ` +
        'patchlight pull ada/moved fetches it',
    )
    await expect(findModel('ada/config-only', cache)).rejects.toThrow('patchlight pull ada/config-only')
  })

  it('are none where there is no cache', async () => {
    const cache = join(folder(), 'nowhere')
    expect(await listCached(cache)).toEqual([])
    await expect(findModel('ada/m', cache)).rejects.toThrow('patchlight pull ada/m fetches it')
  })

  it('come after folders: what is a path stays one', async () => {
    const cache = folder()
    expect(await findModel('.', cache)).toBe(resolve('.'))
    expect(await findModel('engine/demo', cache)).toBe(resolve('engine/demo'))
    expect(await findModel('./ada/m', cache)).toBe(resolve('ada/m'))
    expect(await findModel('/nowhere/at/all', cache)).toBe('/nowhere/at/all')
    expect(await findModel('a/b/c', cache)).toBe(resolve('a/b/c'))
  })

  it('give their snapshots’ names', () => {
    expect(snapshotName(`/x/models--ada--m/snapshots/${ONE}`)).toBe('ada/m')
    expect(snapshotName(`/x/models--gpt2/snapshots/${ONE}`)).toBe('gpt2')
    expect(snapshotName('/x/models--ada--m/snapshots/main')).toBeNull()
    expect(snapshotName(`/x/datasets--ada--m/snapshots/${ONE}`)).toBeNull()
  })
})

describe('a disk without links', () => {
  it('gets copies', async () => {
    const dir = folder()
    writeFileSync(join(dir, 'blob'), 'text')
    const refused = () => Promise.reject(new Error('EPERM'))
    await linkBlob(join(dir, 'blob'), join(dir, 'snapshot', 'file'), [refused, refused, copyFile])
    expect(readFileSync(join(dir, 'snapshot', 'file'), 'utf8')).toBe('text')
    expect(lstatSync(join(dir, 'snapshot', 'file')).isSymbolicLink()).toBe(false)
    await expect(linkBlob(join(dir, 'blob'), join(dir, 'other'), [refused])).rejects.toThrow('EPERM')
  })
})

describe('settings', () => {
  it.each([
    [{}, join(homedir(), '.cache/huggingface/hub')],
    [{ XDG_CACHE_HOME: '/xdg' }, '/xdg/huggingface/hub'],
    [{ HF_HOME: '/home', XDG_CACHE_HOME: '/xdg' }, '/home/hub'],
    [{ HF_HOME: '~/hf' }, join(homedir(), 'hf/hub')],
    [{ HUGGINGFACE_HUB_CACHE: '/old', HF_HOME: '/home' }, '/old'],
    [{ HF_HUB_CACHE: '/new', HUGGINGFACE_HUB_CACHE: '/old' }, '/new'],
  ])('the cache of %o', (env, cache) => {
    expect(cacheFolder(env)).toBe(cache)
  })

  it('come from the variables that Python reads', () => {
    const home = folder()
    const at = (env: Readonly<Record<string, string>>) => hubSettings({ HF_HOME: home, ...env })
    expect(at({})).toEqual({
      endpoint: 'https://huggingface.co',
      cacheDir: join(home, 'hub'),
      token: null,
      offline: false,
    })
    writeFileSync(join(home, 'token'), 'hf_file\n')
    writeFileSync(join(home, 'other'), 'hf_other\n')
    expect(at({}).token).toBe('hf_file')
    expect(at({ HF_TOKEN_PATH: join(home, 'other') }).token).toBe('hf_other')
    expect(at({ HF_TOKEN: ' hf_env\n' }).token).toBe('hf_env')
    expect(at({ HF_ENDPOINT: 'https://mirror.example/' }).endpoint).toBe('https://mirror.example')
    expect(['1', 'on', 'YES', 'true'].map(value => at({ HF_HUB_OFFLINE: value }).offline)).toEqual(Array(4).fill(true))
    expect(['0', 'off', ''].map(value => at({ HF_HUB_OFFLINE: value }).offline)).toEqual(Array(3).fill(false))
  })

  it('are refused without showing the token', () => {
    const home = folder()
    expect(() => hubSettings({ HF_HOME: home, HF_ENDPOINT: 'mirror' })).toThrow(/HF_ENDPOINT: expected an address/)
    writeFileSync(join(home, 'token'), 'hf_secret\nand more')
    expect(() => hubSettings({ HF_HOME: home })).toThrow(/token: expected a token of the Hub/)
    expect(() => hubSettings({ HF_HOME: home })).not.toThrow(/secret/)
  })
})

describe('the rate', () => {
  it('is that of the last seconds, and says how long the rest takes', () => {
    const meter = new Meter()
    meter.add(1000, 0)
    expect(meter.rate(500)).toEqual({ bytesPerSecond: null, etaMs: null })
    for (let second = 1; second <= 4; second++) meter.add(1000, 1000 * second)
    expect(meter.rate(2500)).toEqual({ bytesPerSecond: 1250, etaMs: 2000 })
    for (let second = 5; second <= 20; second++) meter.add(100, 1000 * second)
    expect(meter.rate(1000)).toEqual({ bytesPerSecond: 100, etaMs: 10_000 })
  })
})
