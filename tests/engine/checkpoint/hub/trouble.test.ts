/** What goes wrong between a Hub and a cache: each ends in the right bytes, or in one sentence. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../../../../engine/errors.ts'
import type { Fault, HubRequest } from '../../../support/hub-server.ts'
import { type Bench, bench, CONFIG, noise, QUICK } from './support.ts'

const WEIGHTS = noise(50_000)
const FILES = new Map([
  ['config.json', CONFIG],
  ['model.safetensors', WEIGHTS],
])

async function withModel(env: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const made = await bench(env)
  made.hub.add('ada/m', FILES)
  return made
}

/** A fault for the first requests of the weights, and none after. */
function weights(times: number, fault: (request: HubRequest) => Fault): (request: HubRequest) => Fault | null {
  let left = times
  return request => (request.host === 'store' && left-- > 0 ? fault(request) : null)
}

const ranges = ({ hub }: Bench) =>
  hub.requests.filter(request => request.host === 'store').map(request => request.range)

function blobs({ settings }: Bench): string[] {
  return readdirSync(join(settings.cacheDir, 'models--ada--m/blobs')).sort()
}

/** The sentence that a pull ends in. */
async function sentence(pull: Promise<unknown>): Promise<string> {
  const error: unknown = await pull.then(
    () => null,
    reason => reason,
  )
  expect(error).toBeInstanceOf(CheckpointError)
  const { message } = error instanceof CheckpointError ? error : new Error('none')
  expect(message.split('\n')).toHaveLength(1)
  return message
}

async function expectWhole(made: Bench): Promise<void> {
  const { dir } = await made.pull('ada/m')
  expect(readFileSync(join(dir, 'model.safetensors')).equals(WEIGHTS)).toBe(true)
  expect(blobs(made).filter(name => name.includes('.'))).toEqual([])
}

describe('a server that fails and recovers', () => {
  it('a cut is gone on from where it was', async () => {
    const made = await withModel()
    made.hub.fault = weights(2, () => ({ cutAfter: 20_000 }))
    await expectWhole(made)
    const [first, second, third] = ranges(made)
    expect(first).toBeNull()
    expect([second, third]).toEqual([expect.stringMatching(/^bytes=\d+-$/), expect.stringMatching(/^bytes=\d+-$/)])
  })

  it('any number of cuts, while each brings something', async () => {
    const made = await withModel()
    made.hub.fault = weights(8, () => ({ cutAfter: 6000 }))
    await expectWhole(made)
  })

  it('a server that knows no ranges begins again', async () => {
    const made = await withModel()
    let calls = 0
    made.hub.fault = weights(2, () => (calls++ === 0 ? { cutAfter: 20_000 } : { ignoreRange: true }))
    await expectWhole(made)
  })

  it('a silent server is asked again', async () => {
    const made = await withModel()
    made.hub.fault = weights(1, () => ({ silentAfter: 8000 }))
    await expectWhole(made)
  })

  it.each([500, 502, 503, 429])('status %i, everywhere, passes', async status => {
    const made = await withModel()
    const seen = new Set<string>()
    made.hub.fault = ({ host, path }) => {
      const again = seen.has(host + path)
      seen.add(host + path)
      return again ? null : { status }
    }
    await expectWhole(made)
  })

  it('too few bytes, said to be all: the rest is asked for', async () => {
    const made = await withModel()
    made.hub.fault = weights(1, () => ({ extraBytes: -30_000 }))
    await expectWhole(made)
  })

  it('a wrong byte, once, is fetched again', async () => {
    const made = await withModel()
    made.hub.fault = weights(1, () => ({ wrongByteAt: 12_345 }))
    await expectWhole(made)
  })
})

describe('what an earlier pull left', () => {
  it('a stopped pull goes on in the next one, and its branch is not written down before', async () => {
    const made = await withModel()
    made.hub.fault = weights(1, () => ({ pauseMs: 10 }))
    const stop = new AbortController()
    const stopped = made.pull('ada/m', {
      signal: stop.signal,
      onProgress: ({ doneBytes }) => {
        if (doneBytes > 20_000) stop.abort()
      },
    })
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' })
    expect(existsSync(join(made.settings.cacheDir, 'models--ada--m/refs/main'))).toBe(false)
    expect(blobs(made).filter(name => name.endsWith('.incomplete'))).toHaveLength(1)
    made.hub.requests.length = 0
    await expectWhole(made)
    expect(Number(ranges(made)[0]?.match(/\d+/)?.[0])).toBeGreaterThan(10_000)
  })

  it.each([
    ['wrong bytes', noise(30_000, 7)],
    ['too many bytes', noise(60_000, 7)],
    ['all bytes, but wrong ones', noise(50_000, 7)],
  ])('%s in an unfinished file do no harm', async (_what, left) => {
    const made = await withModel()
    const { dir } = await made.pull('ada/m')
    const blob = join(dirname(dirname(dir)), 'blobs', blobs(made).find(name => name.length === 64) ?? '')
    rmSync(blob)
    writeFileSync(`${blob}.incomplete`, left)
    await expectWhole(made)
  })

  it('the lock of a process that is gone does not hold', async () => {
    const made = await withModel()
    const locks = join(made.settings.cacheDir, '.locks/models--ada--m')
    mkdirSync(locks, { recursive: true })
    writeFileSync(join(locks, 'patchlight.lock'), `${hostname()}\n${2 ** 22 + 1}\n`)
    await expectWhole(made)
  })
})

describe('what a pull refuses, in a sentence', () => {
  it('wrong bytes, again and again: nothing of them stays', async () => {
    const made = await withModel()
    made.hub.fault = weights(9, () => ({ wrongByteAt: 12_345 }))
    expect(await sentence(made.pull('ada/m'))).toMatch(/model\.safetensors: expected content of checksum/)
    expect(blobs(made)).toHaveLength(1)
    expect(existsSync(join(made.settings.cacheDir, 'models--ada--m/refs'))).toBe(false)
  })

  it('wrong bytes in a small file too', async () => {
    const made = await withModel()
    made.hub.fault = ({ file }) => (file === 'config.json' ? { wrongByteAt: 3 } : null)
    expect(await sentence(made.pull('ada/m'))).toMatch(/config\.json: expected content of checksum/)
  })

  it('more bytes than listed', async () => {
    const made = await withModel()
    made.hub.fault = weights(9, () => ({ extraBytes: 10 }))
    expect(await sentence(made.pull('ada/m'))).toMatch(/model\.safetensors: expected 50000 bytes, got more/)
  })

  it('fewer bytes than listed, and no more', async () => {
    const made = await withModel()
    made.hub.fault = weights(9, ({ range }) => (range === null ? { extraBytes: -30_000 } : { status: 416 }))
    expect(await sentence(made.pull('ada/m'))).toMatch(/expected 50000 bytes, got 20000 and then no more/)
  })

  it('a server that keeps failing', async () => {
    const made = await withModel()
    made.hub.fault = () => ({ status: 503 })
    expect(await sentence(made.pull('ada/m'))).toMatch(/^ada\/m: the Hub fails \(503\): try again later/)
    expect(made.hub.requests).toHaveLength(QUICK.attempts)
  })

  it('no server', async () => {
    const made = await withModel()
    await made.hub.close()
    expect(await sentence(made.pull('ada/m'))).toMatch(
      /cannot be reached \(it refuses connections\): check the network/,
    )
  })

  it('a server that is no Hub', async () => {
    const made = await withModel()
    made.hub.fault = () => ({ status: 200 })
    expect(await sentence(made.pull('ada/m'))).toMatch(/expected a commit from the Hub/)
  })

  it.each([
    ['gated', {}, /asks readers to accept terms first, and no token was sent \(401\): accept them at http.*\/ada\/m/],
    ['gated', { HF_TOKEN: 'hf_other' }, /the account of your token has not been let in \(403\)/],
    ['private', {}, /has no such model \(401\): check owner and name; if it is private, set HF_TOKEN/],
    ['private', { HF_TOKEN: 'hf_other' }, /has no such model \(404\): .*use a token that may read it/],
  ] as const)('%s, asked with %o', async (how, env, text) => {
    const made = await withModel(env)
    made.hub.closeToStrangers('ada/m', how)
    expect(await sentence(made.pull('ada/m'))).toMatch(text)
  })

  it('a model, or a revision, that is not there', async () => {
    const made = await withModel()
    expect(await sentence(made.pull('ada/none'))).toMatch(/^ada\/none: http.* has no such model/)
    expect(await sentence(made.pull('ada/m@v9'))).toMatch(/ada\/m has no branch, tag or commit v9 \(404\)/)
  })

  it('a token that the Hub does not know', async () => {
    const made = await withModel({ HF_TOKEN: 'hf_expired' })
    made.hub.fault = () => ({ status: 401 })
    const text = await sentence(made.pull('ada/m'))
    expect(text).toMatch(/refuses your token \(401\): it is wrong or expired/)
    expect(text).not.toContain('hf_expired')
  })

  it.each([
    [
      new Map([
        ['config.json', CONFIG],
        ['pytorch_model.bin', noise(10)],
      ]),
      /got only pytorch_model\.bin: pickles can run code/,
    ],
    [
      new Map([
        ['config.json', CONFIG],
        ['m.gguf', noise(10)],
      ]),
      /got only m\.gguf: pull the model that it was made from/,
    ],
    [new Map([['config.json', CONFIG]]), /got no weights at all/],
    [
      new Map([
        ['adapter_config.json', CONFIG],
        ['adapter_model.safetensors', noise(10)],
      ]),
      /an adapter without its model/,
    ],
    [
      new Map([
        ['config.json', Buffer.from('{"model_type":"bert"}')],
        ['model.safetensors', noise(10)],
      ]),
      /bert/,
    ],
    [
      new Map([
        ['config.json', CONFIG],
        ['model.safetensors.index.json', Buffer.from('{"weight_map":{"a":"../../evil.safetensors"}}')],
      ]),
      /expected the name of a \.safetensors file in this folder, got "\.\.\/\.\.\/evil/,
    ],
    [
      new Map([
        ['config.json', CONFIG],
        ['model.safetensors.index.json', Buffer.from('{"weight_map":{"a":"gone.safetensors"}}')],
      ]),
      /names gone\.safetensors, which the repository does not have/,
    ],
  ])('a repository that holds no checkpoint for us (%#)', async (files, text) => {
    const made = await withModel()
    made.hub.add('ada/other', files)
    expect(await sentence(made.pull('ada/other'))).toMatch(text)
    expect(made.hub.requests.filter(request => request.host === 'store')).toEqual([])
  })

  it.each(['../evil.safetensors', '/etc/evil', 'a/../../evil.safetensors', '..', 'evil\\..\\x'])(
    'a listing that names %s',
    async path => {
      const made = await withModel()
      made.hub.extraEntries = [{ type: 'file', path, size: 3, oid: '0'.repeat(40) }]
      expect(await sentence(made.pull('ada/m'))).toMatch(/lead out of its folder: it is not fetched/)
    },
  )

  it('a checksum that would lead out of the cache', async () => {
    const made = await withModel()
    made.hub.extraEntries = [{ type: 'file', path: 'tokenizer.json', size: 3, oid: '../../../evil' }]
    expect(await sentence(made.pull('ada/m'))).toMatch(/tokenizer\.json: expected a size and a checksum/)
  })

  it.each(['a/b/c', '../x/y', 'ada', 'ada/m@', 'ada/m@../x', 'a--b/c', ''])('%j as a name', async name => {
    const made = await withModel()
    if (name === 'ada') expect(await sentence(made.pull(name))).toMatch(/no such model/)
    else expect(await sentence(made.pull(name))).toMatch(/expected a model of the Hub as OWNER\/NAME/)
  })

  it('a cache that cannot be written', async () => {
    const made = await withModel()
    writeFileSync(join(made.home, 'file'), '')
    const settings = { ...made.settings, cacheDir: join(made.home, 'file', 'hub') }
    expect(await sentence(made.pull('ada/m', { settings }))).toMatch(/cannot be written \(ENOTDIR\): set HF_HUB_CACHE/)
  })

  it('a model larger than the disk, before it is fetched', async () => {
    const made = await withModel()
    const bytes = 2 ** 52
    made.hub.add('ada/huge', new Map([['config.json', CONFIG]]))
    made.hub.extraEntries = [
      {
        type: 'file',
        path: 'model.safetensors',
        size: bytes,
        oid: '0'.repeat(40),
        lfs: { oid: '0'.repeat(64), size: bytes, pointerSize: 130 },
      },
    ]
    expect(await sentence(made.pull('ada/huge'))).toMatch(/expected 4504 TB of room in the cache .*, got /)
    expect(made.hub.requests.filter(request => request.host === 'store')).toEqual([])
  })

  it('redirects without end, or from https to http', async () => {
    const made = await withModel()
    made.hub.fault = ({ path, host }) => (host === 'hub' && path.includes('/resolve/') ? { redirect: path } : null)
    expect(await sentence(made.pull('ada/m'))).toMatch(/redirects more than 10 times/)
    made.hub.fault = () => ({ redirect: 'file:///etc/passwd' })
    expect(await sentence(made.pull('ada/m'))).toMatch(/expected a redirect to another https address/)
  })
})
