import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { detectFormats, instructionsOnly } from '../../../engine/backends/formats.ts'
import { findBfloat16, isaLimit } from '../../../engine/backends/onednn/bfloat16.ts'
import { bfloat16Features } from '../../../engine/backends/processor.ts'
import { BackendError } from '../../../engine/errors.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'

const available = (() => {
  try {
    return findBfloat16().bfloat16
  } catch {
    return 'none'
  }
})()

afterEach(() => {
  vi.unstubAllEnvs()
})
expectNoTensorLeaks()

describe('detectFormats', () => {
  it('tells of both formats; float32 is what auto takes', async () => {
    const [float32, bfloat16] = await detectFormats()
    expect(float32).toMatchObject({ name: 'f32', usable: true, chosen: true })
    expect(float32?.detail).toMatch(/^float32\. .*auto/)
    expect(bfloat16).toMatchObject({ name: 'bf16', usable: available !== 'none', chosen: false })
    if (available === 'none') {
      // Nothing to compare with.
      expect([float32?.rates, bfloat16?.rates]).toEqual([undefined, undefined])
      expect(bfloat16?.detail).toMatch(/: expected .*, got .*/)
    } else {
      expect(bfloat16?.detail).toMatch(/^bfloat16: .* in a matrix unit|instructions of its own/)
      expect(bfloat16?.rates?.map(({ rows }) => rows)).toEqual(float32?.rates?.map(({ rows }) => rows))
      for (const { gflops } of bfloat16?.rates ?? []) expect(gflops).toBeGreaterThan(0)
    }
  })

  it('marks the one that was asked for, and refuses another word', async () => {
    vi.stubEnv('PATCHLIGHT_DTYPE', 'bf16')
    expect((await detectFormats()).map(({ chosen }) => chosen)).toEqual([false, available !== 'none'])
    vi.stubEnv('PATCHLIGHT_DTYPE', 'f8')
    await expect(detectFormats()).rejects.toThrow(BackendError)
  })

  it.skipIf(available === 'none')('names the variable that holds oneDNN back', { timeout: 60_000 }, async () => {
    const formats = new URL('../../../engine/backends/formats.ts', import.meta.url).href
    const script = `import { detectFormats } from '${formats}'; console.log((await detectFormats())[1].detail)`
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '-e', script], {
      env: { ...process.env, ONEDNN_MAX_CPU_ISA: 'AVX2' },
    })
    expect(stdout).toMatch(/got oneDNN .* held back by ONEDNN_MAX_CPU_ISA=AVX2; unset that variable/)
  })
})

describe('a processor', () => {
  const flags = (text: string) => bfloat16Features(`processor\t: 0\nflags\t\t: fpu ${text}\nbugs\t\t:\n`)

  it('tells what it has', () => {
    expect(flags('avx512_bf16 amx_bf16 amx_tile amx_int8')).toEqual({ matrixUnit: true, instructions: true })
    expect(flags('avx512_bf16')).toEqual({ matrixUnit: false, instructions: true })
    // Tiles for whole numbers alone.
    expect(flags('avx512f amx_tile amx_int8')).toEqual({ matrixUnit: false, instructions: false })
    expect(bfloat16Features('processor : 0\nFeatures : fp asimd bf16\n')).toBeUndefined()
    expect(bfloat16Features('')).toBeUndefined()
  })

  it('whose matrix unit is not used is told why', () => {
    const amx = { matrixUnit: true, instructions: true }
    const none = { matrixUnit: false, instructions: true }
    expect(instructionsOnly([2, 6], none, undefined)).toMatch(/none is offered here\.$/)
    expect(instructionsOnly([2, 6], undefined, undefined)).toMatch(/none is offered here\.$/)
    expect(instructionsOnly([2, 4], amx, undefined)).toMatch(/oneDNN 2\.4 does not ask Linux for it; install 2\.5/)
    expect(instructionsOnly([1, 8], amx, undefined)).toMatch(/oneDNN 1\.8 does not ask/)
    for (const version of [
      [2, 5],
      [3, 1],
    ] as const)
      expect(instructionsOnly(version, amx, undefined)).toMatch(/Linux does not give it .* older than 5\.16/)
    expect(instructionsOnly([3, 1], amx, 'DNNL_MAX_CPU_ISA=AVX512_CORE_BF16')).toMatch(
      /not used: DNNL_MAX_CPU_ISA=AVX512_CORE_BF16 keeps oneDNN from it; unset/,
    )
  })

  it('is held back by the first of two variables that says something', () => {
    expect(isaLimit({})).toBeUndefined()
    expect(isaLimit({ ONEDNN_MAX_CPU_ISA: '', DNNL_MAX_CPU_ISA: 'AVX2' })).toBe('DNNL_MAX_CPU_ISA=AVX2')
    expect(isaLimit({ ONEDNN_MAX_CPU_ISA: 'AVX', DNNL_MAX_CPU_ISA: 'AVX2' })).toBe('ONEDNN_MAX_CPU_ISA=AVX')
  })
})
