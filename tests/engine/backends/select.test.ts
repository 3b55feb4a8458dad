import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { measureMemory, measureRate } from '../../../engine/backends/measure.ts'
import { isInstalled } from '../../../engine/backends/optional.ts'
import { detectBackends, selectBackend } from '../../../engine/backends/select.ts'
import { BACKEND_NAMES, type BackendName } from '../../../engine/backends/types.ts'
import { BackendError } from '../../../engine/errors.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})
expectNoTensorLeaks()

describe('selectBackend', () => {
  it('gives the same instance for the same name', async () => {
    const backend = await selectBackend('wasm')
    expect(backend.name).toBe('wasm')
    expect(await selectBackend('wasm')).toBe(backend)
    const [one, two] = await Promise.all([selectBackend('auto'), selectBackend('auto')])
    expect(one).toBe(two)
  })

  it('reads PATCHLIGHT_BACKEND where no choice is given, and only there', async () => {
    vi.stubEnv('PATCHLIGHT_BACKEND', 'wasm')
    expect((await selectBackend()).name).toBe('wasm')
    vi.stubEnv('PATCHLIGHT_BACKEND', 'abacus')
    await expect(selectBackend()).rejects.toThrow(BackendError)
    await expect(selectBackend()).rejects.toThrow(
      /^PATCHLIGHT_BACKEND: expected auto, tensorflow, webgpu, blas, wasm, got 'abacus'/,
    )
    expect((await selectBackend('wasm')).name).toBe('wasm')
  })

  const absent: [BackendName, string][] = [
    ['tensorflow', '@tensorflow/tfjs-node'],
    ['webgpu', 'webgpu'],
  ]
  for (const [name, packageName] of absent) {
    it.skipIf(isInstalled(packageName) || isInstalled(`${packageName}-gpu`))(
      `says what ${name} lacks and how to install it, and leaves the active backend`,
      async () => {
        await selectBackend('wasm')
        await expect(selectBackend(name)).rejects.toThrow(BackendError)
        await expect(selectBackend(name)).rejects.toThrow(new RegExp(`^${name}: expected .*npm i .*${packageName}`))
        expect(tf.getBackend()).toBe('wasm')
      },
    )
  }
})

describe('PATCHLIGHT_BLAS_LIBRARY', () => {
  const run = promisify(execFile)

  /** A process of its own: the library is looked for once a process. */
  async function blasWith(library: string): Promise<string> {
    const select = new URL('../../../engine/backends/select.ts', import.meta.url).href
    const script = `import { selectBackend } from '${select}'
      console.log(await selectBackend('blas').then(b => 'ok ' + b.library, e => e.name + ' ' + e.message))`
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env: { ...process.env, PATCHLIGHT_BLAS_LIBRARY: library },
    })
    expect(stderr, 'noise').toBe('')
    return stdout.trim()
  }

  it('that names no library is an error that says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'patchlight-blas-'))
    const text = join(folder, 'libtext.so')
    await writeFile(text, 'not a library')
    try {
      const missing = await blasWith(join(folder, 'libmissing.so'))
      expect(missing).toMatch(/^BackendError blas: expected a oneDNN.* got .*libmissing\.so/)
      expect(await blasWith(text)).toMatch(/^BackendError blas: expected a oneDNN.* got .*libtext\.so/)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it.runIf(process.platform === 'linux')('that names a library without a product is an error', async () => {
    expect(await blasWith('libm.so.6')).toMatch(/^BackendError blas: expected .* got libm\.so\.6.*sgemm/)
  })
})

describe('detectBackends', () => {
  it('reports every backend once, with what was measured or with advice', async () => {
    const report = await detectBackends()
    expect(report.map(({ name }) => name)).toEqual([...BACKEND_NAMES])
    for (const { name, usable, detail, advice, gflops, rates = [], callUs } of report) {
      expect(detail, name).not.toBe('')
      if (!usable) {
        expect(advice, name).toMatch(/install|npm/)
        continue
      }
      expect(rates.map(({ rows }) => rows)).toEqual([1, 16, 128, 1024])
      for (const rate of rates) expect(rate.gflops, `${name}, ${rate.rows} rows`).toBeGreaterThan(0)
      expect(gflops).toBe(rates[2]?.gflops)
      expect(callUs, name).toBeGreaterThan(0)
    }
    expect(report.find(({ name }) => name === 'wasm')?.usable).toBe(true)
  })
})

describe('measureRate', () => {
  it('gives a rate, and leaves nothing behind', async () => {
    const backend = await selectBackend('wasm')
    const rate = measureRate(backend, { rows: 4, size: [64, 32], minMs: 1 })
    expect(rate).toBeGreaterThan(0)
    expect(rate).toBeLessThan(1e6)
  })
})

it('measureMemory gives a rate that memory can have', () => {
  const rate = measureMemory()
  expect(rate).toBeGreaterThan(0.01)
  expect(rate).toBeLessThan(10_000)
})
