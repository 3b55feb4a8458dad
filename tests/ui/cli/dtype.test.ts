/** `--dtype`: what is computed in it says so, and a run begun in one format never goes on in another. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findBfloat16 } from '../../../engine/backends/onednn/bfloat16.ts'
import { COUNTING, temporaryFolder } from '../../studies/runs/support.ts'
import { cli } from './support.ts'

function bfloat16Works(): boolean {
  try {
    findBfloat16()
    return true
  } catch {
    return false
  }
}

const BF16 = ['--backend', 'blas', '--dtype', 'bf16']

describe('--dtype', () => {
  it('that is unknown, or not what the backend has, is one sentence', async () => {
    const unknown = await cli(['logits', '--prompt', 'a', '--dtype', 'f16'])
    expect(unknown.err).toBe('patchlight: logits --dtype: expected auto, f32, bf16, got f16; the nearest is bf16\n')
    const elsewhere = await cli(['logits', '--prompt', 'a', '--dtype', 'bf16'])
    expect(elsewhere.err).toMatch(
      /^patchlight: --dtype bf16: expected the blas backend.*, got wasm; use .*--dtype f32\n$/,
    )
    expect([unknown.code, elsewhere.code]).not.toContain(0)
  })

  it.runIf(bfloat16Works())('is written down, and a run goes on in the one that it was begun in', async () => {
    const cwd = temporaryFolder()
    const sizes = ['--set', 'rows=3', '--set', 'columns=2']
    const failed = await cli(['run', COUNTING, ...sizes, '--set', 'accident=refuse', ...BF16, '--out', 'runs'], { cwd })
    expect(failed.code).toBe(1)
    const [, id = ''] = /Run (\S+) in/.exec(failed.err) ?? []
    const record = JSON.parse(readFileSync(join(cwd, 'runs', id, 'run.json'), 'utf8'))
    expect(record).toMatchObject({ backend: 'blas', dtype: 'bf16' })

    const other = await cli(['resume', id, '--backend', 'blas', '--dtype', 'f32'], { cwd })
    expect(other.err).toContain(
      'it was computed in bf16 and Patchlight computes in f32 now; start it with --dtype bf16',
    )
    const elsewhere = await cli(['resume', id, '--backend', 'wasm'], { cwd })
    expect(elsewhere.err).toContain('expected the blas backend, which alone keeps weights as bfloat16, got wasm')
    const again = await cli(['resume', id, '--backend', 'blas', '--json'], { cwd })
    expect(again.code).toBe(0)
    expect(JSON.parse(again.out)).toMatchObject({ state: 'done', dtype: 'bf16' })
  })
})
