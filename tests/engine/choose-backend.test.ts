import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { dirname } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { presentBackends, selectBackend } from '../../engine/backends/select.ts'
import { readTrials, type Trials, trialCachePath, writeTrials } from '../../engine/backends/trial-cache.ts'
import type { BackendName } from '../../engine/backends/types.ts'
import { cacheFolder } from '../../engine/cache-folder.ts'
import { chooseBackend, fastest } from '../../engine/choose-backend.ts'
import { BackendError } from '../../engine/errors.ts'
import { familyOf } from '../../engine/families/registry.ts'
import { loadModel } from '../../engine/load.ts'
import type { ModelSpec } from '../../engine/spec.ts'
import { blockSizes, Trial } from '../../engine/trial.ts'
import { checkpointDir, NO_TOKENIZER, readConfig, supportedCases, temporaryFolder } from '../support/fixtures.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

/** What a choice is among: whatever works here, also where suites run over less. */
const usable: BackendName[] = []
for (const name of presentBackends())
  await selectBackend(name).then(
    () => usable.push(name),
    () => {},
  )
const { dir, remove } = temporaryFolder()
afterAll(remove)
let number = 0
beforeEach(() => {
  vi.stubEnv('PATCHLIGHT_CACHE', `${dir}/${number++}`)
  vi.stubEnv('PATCHLIGHT_BACKEND', '')
  return () => {
    vi.unstubAllEnvs()
  }
})
expectNoTensorLeaks()

function specOf(name: string): ModelSpec {
  const config = readConfig(name)
  return familyOf(config).spec(config)
}

const tiny = specOf('llama-gqa-tied')

/** What the file holds; tests that measure need two backends to compare. */
function cached(): { machine: string; models: Record<string, Trials> } {
  return JSON.parse(readFileSync(trialCachePath(), 'utf8'))
}

describe('fastest', () => {
  const of = (ms: Trials['ms'], busy = false) => fastest({ ms, busy })?.name

  it('takes the least time, whatever the order', () => {
    expect(of({ tensorflow: 9, blas: 2, wasm: 6 })).toBe('blas')
    expect(of({ tensorflow: 9, blas: 7, wasm: 3 })).toBe('wasm')
    expect(of({ wasm: 3 })).toBe('wasm')
    expect(of({})).toBeUndefined()
  })

  it('takes the earlier of two that are about as fast', () => {
    expect(of({ blas: 2, wasm: 1.9 })).toBe('blas')
    expect(of({ blas: 2, wasm: 1.7 })).toBe('wasm')
  })

  it('says where figures are the processor’s time, for other work had the machine', () => {
    expect(fastest({ ms: { blas: 4, wasm: 10 }, busy: true })?.why).toMatch(/by processor time, .*busy: 4\.0 ms/)
  })

  it('says what was measured', () => {
    expect(fastest({ ms: { tensorflow: 204.4, blas: 2.13, wasm: 6 }, busy: false })?.why).toBe(
      'fastest here for a model of this size: 2.1 ms a layer of 128 tokens, tensorflow 204, wasm 6.0',
    )
  })
})

describe('chooseBackend', () => {
  it('gives what was asked for, without measuring', async () => {
    expect(await chooseBackend(tiny, 'wasm')).toEqual({ name: 'wasm', why: 'asked for by name' })
    vi.stubEnv('PATCHLIGHT_BACKEND', 'wasm')
    expect((await chooseBackend(tiny)).name).toBe('wasm')
    vi.stubEnv('PATCHLIGHT_BACKEND', 'abacus')
    await expect(chooseBackend(tiny)).rejects.toThrow(BackendError)
    expect(existsSync(trialCachePath())).toBe(false)
  })

  it.runIf(usable.length > 1)('measures every backend that works, once for each size of model', async () => {
    const choice = await chooseBackend(tiny)
    expect(usable).toContain(choice.name)
    expect(Object.keys(choice.trials?.ms ?? {}).sort()).toEqual([...usable].sort())
    const before = cached()
    expect(Object.keys(before.models)).toEqual([Object.values(blockSizes(tiny)).join('×')])
    expect((await chooseBackend(tiny)).name).toBe(choice.name)
    expect(cached()).toEqual(before)
    await chooseBackend({ ...tiny, dMlp: tiny.dMlp * 2 })
    expect(Object.keys(cached().models)).toHaveLength(2)
    expect(readdirSync(dirname(trialCachePath()))).toEqual(['backends.json'])
  })

  it.runIf(usable.length > 1)('leaves the chosen one active', async () => {
    const choice = await chooseBackend(tiny)
    expect(tf.getBackend()).toBe(choice.name === 'blas' ? 'wasm' : choice.name)
  })

  it.runIf(usable.length > 1)('believes what is known of this machine, and measures again when told to', async () => {
    await chooseBackend(tiny)
    const { machine } = cached()
    const model = Object.values(blockSizes(tiny)).join('×')
    const made: Record<string, number> = Object.fromEntries(usable.map(name => [name, name === 'wasm' ? 1 : 1e6]))
    writeTrials(machine, model, { at: Date.now(), ms: made, busy: false })
    expect((await chooseBackend(tiny)).name).toBe('wasm')
    const other: BackendName = usable.find(name => name !== 'wasm') ?? 'wasm'
    writeTrials(machine, model, { at: Date.now(), ms: { ...made, [other]: 1e-6 }, busy: false })
    expect((await chooseBackend(tiny)).name).toBe(other)
    expect((await chooseBackend(tiny, 'auto', { again: true })).trials?.ms[other]).toBeGreaterThan(1e-5)
  })

  it.skipIf(usable.includes('tensorflow'))('passes over one that was fastest and does not start any more', async () => {
    await chooseBackend(tiny)
    const model = Object.values(blockSizes(tiny)).join('×')
    if (usable.length > 1)
      writeTrials(cached().machine, model, { at: Date.now(), ms: { tensorflow: 1e-6 }, busy: false })
    expect(usable).toContain((await chooseBackend(tiny)).name)
  })

  it.runIf(usable.length > 1)(
    'passes over one that starts and cannot compute a layer, until the next time',
    async () => {
      const failing: BackendName = usable.find(name => name !== 'wasm') ?? 'wasm'
      const product = vi.spyOn(await selectBackend(failing), 'linear').mockImplementation(() => {
        throw new BackendError(`${failing}: expected room for a tensor, got none`)
      })
      try {
        const choice = await chooseBackend(tiny)
        expect(Object.keys(choice.trials?.ms ?? {}).sort()).toEqual(usable.filter(name => name !== failing).sort())
        expect(existsSync(trialCachePath())).toBe(false)
      } finally {
        product.mockRestore()
      }
      expect((await chooseBackend(tiny)).trials?.ms[failing]).toBeGreaterThan(0)
    },
  )

  it.runIf(usable.length > 1)('passes over one that cannot compute what a large layer lacks', async () => {
    const failing: BackendName = usable.find(name => name !== 'wasm') ?? 'wasm'
    const rest = vi.spyOn(Trial.prototype, 'rest').mockImplementation(backend => {
      if (backend.name === failing) throw new BackendError(`${failing}: expected room for a tensor, got none`)
      return 0
    })
    // As on a machine that does nothing else: on a busy one, that product is not computed.
    const spent = vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 1e9, system: 0 })
    const load = vi.spyOn(os, 'loadavg').mockReturnValue([0, 0, 0])
    syncBuiltinESMExports()
    try {
      const choice = await chooseBackend(tiny)
      expect(Object.keys(choice.trials?.ms ?? {}).sort()).toEqual(usable.filter(name => name !== failing).sort())
      expect(existsSync(trialCachePath())).toBe(false)
    } finally {
      for (const mock of [rest, spent, load]) mock.mockRestore()
      syncBuiltinESMExports()
    }
  })

  it.runIf(usable.length > 1).each([
    ['a file that is no JSON', '{ "format": 1, '],
    ['another format', '{ "format": 2 }'],
    ['fields of another kind', '{ "format": 1, "machine": "this", "models": { "1": { "at": "now" } } }'],
    ['nothing', ''],
  ])('measures over %s', async (_, text) => {
    mkdirSync(cacheFolder(), { recursive: true })
    writeFileSync(trialCachePath(), text)
    await chooseBackend(tiny)
    expect(Object.keys(cached().models)).toHaveLength(1)
  })

  it.skipIf(process.getuid?.() === 0)('chooses also where the cache folder cannot be written', async () => {
    mkdirSync(cacheFolder(), { recursive: true, mode: 0o500 })
    expect(usable).toContain((await chooseBackend(tiny)).name)
  })

  it('chooses also where a file stands in the folder’s place', async () => {
    writeFileSync(cacheFolder(), '')
    expect(usable).toContain((await chooseBackend(tiny)).name)
    expect(statSync(cacheFolder()).isFile()).toBe(true)
  })

  it('is what a model is loaded with, and says why', async () => {
    const load = (backend?: BackendName) =>
      loadModel(checkpointDir('llama-gqa-tied'), {
        tokenizer: NO_TOKENIZER,
        ...(backend === undefined ? {} : { backend }),
      })
    const model = await load()
    const choice = await chooseBackend(tiny)
    expect([model.backend.name, model.backendNote]).toEqual([choice.name, choice.why])
    await model.dispose()
    const asked = await load('wasm')
    expect([asked.backend.name, asked.backendNote]).toEqual(['wasm', 'asked for by name'])
    await asked.dispose()
  })
})

describe('what is known of a machine', () => {
  const MONTH_MS = 31 * 24 * 3600 * 1000
  const made: Trials = { at: 1e12, ms: { wasm: 1 }, busy: false }

  it('holds for that machine and those libraries alone', () => {
    writeTrials('here, oneDNN 2.6', 'small', made)
    expect(readTrials('here, oneDNN 2.6', 'small', made.at)).toEqual(made)
    expect(readTrials('here, oneDNN 3.1', 'small', made.at)).toBeUndefined()
    expect(readTrials('here, oneDNN 2.6', 'large', made.at)).toBeUndefined()
    writeTrials('here, oneDNN 3.1', 'large', made)
    expect(Object.keys(cached().models)).toEqual(['large'])
  })

  it('grows old in a month; what was measured beside other work, in ten minutes', () => {
    writeTrials('here', 'small', made)
    expect(readTrials('here', 'small', made.at + 86_400_000)).toEqual(made)
    expect(readTrials('here', 'small', made.at + MONTH_MS)).toBeUndefined()
    expect(readTrials('here', 'small', made.at - 1)).toBeUndefined()
    writeTrials('here', 'small', { ...made, busy: true })
    expect(readTrials('here', 'small', made.at + 60_000)?.busy).toBe(true)
    expect(readTrials('here', 'small', made.at + 700_000)).toBeUndefined()
  })

  it('stays small: the oldest go', () => {
    for (let i = 0; i < 70; i++) writeTrials('here', `model ${i}`, { ...made, at: made.at + i })
    expect(Object.keys(cached().models)).toHaveLength(64)
    expect(readTrials('here', 'model 69', made.at + 100)).toBeDefined()
    expect(readTrials('here', 'model 0', made.at + 100)).toBeUndefined()
  })
})

describe('a trial', () => {
  const large = { dModel: 4096, heads: 32, kvHeads: 8, dHead: 128, dMlp: 14_336 }

  it.each(supportedCases())('runs a layer of the sizes of %s, and leaves nothing', async name => {
    const backend = await selectBackend('wasm')
    const trial = new Trial(blockSizes(specOf(name)))
    expect(trial.time(backend)).toBeGreaterThan(0)
    expect(trial.rest(backend)).toBe(0)
    trial.release(backend)
  })

  it('of a large model runs a smaller layer, and adds what that lacks', async () => {
    const backend = await selectBackend('wasm')
    const trial = new Trial(large)
    // 56 GFLOP a layer of 128 rows: at no more than a terabyte of them a second, more than 50 ms.
    expect(trial.rest(backend)).toBeGreaterThan(50)
    trial.release(backend)
  })

  it('counts the neurons of the experts that a position uses', () => {
    const spec = specOf('mixtral')
    const { perToken = 0, dExpert = 0 } = spec.experts ?? {}
    expect(blockSizes(spec).dMlp).toBe(perToken * dExpert)
  })
})

it('the cache folder is PATCHLIGHT_CACHE, or lies in the system’s own', () => {
  expect(cacheFolder({ PATCHLIGHT_CACHE: '/somewhere' })).toBe('/somewhere')
  if (process.platform === 'linux') {
    expect(cacheFolder({ XDG_CACHE_HOME: '/caches' })).toBe('/caches/patchlight')
    expect(cacheFolder({})).toMatch(/\/\.cache\/patchlight$/)
  }
})
