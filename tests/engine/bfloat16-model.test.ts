/**
 * Models in bfloat16: in memory and from disk they give the same numbers, they take half of float32's
 * memory, and nothing of them is left when they go.
 */

import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startBackend } from '../../engine/backends/dtype.ts'
import { findBfloat16 } from '../../engine/backends/onednn/bfloat16.ts'
import { configReader } from '../../engine/checkpoint/config.ts'
import { openCheckpoint } from '../../engine/checkpoint/open.ts'
import { BackendError, CheckpointError, PatchlightError } from '../../engine/errors.ts'
import { familyOf } from '../../engine/families/registry.ts'
import { unembed, unembedTokens } from '../../engine/forward.ts'
import { batchOf } from '../../engine/lanes.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { chooseResidency, weightSizes } from '../../engine/residency.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { expectClose } from '../support/close.ts'
import { checkpointDir, NO_TOKENIZER, supportedCases } from '../support/fixtures.ts'
import { openFixture, promptOf, usableFormats } from '../support/models.ts'
import { randomValues } from '../support/random.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

const usable = (await usableFormats()).some(([, , dtype]) => dtype === 'bf16')
const models: Model[] = []

async function open(name: string, residency: 'memory' | 'disk'): Promise<Model> {
  const model = await loadModel(checkpointDir(name), { dtype: 'bf16', residency, tokenizer: NO_TOKENIZER })
  models.push(model)
  return model
}

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const model of models.splice(0)) await model.dispose()
})

describe.runIf(usable).each(supportedCases())('%s', name => {
  expectNoTensorLeaks()

  it('gives the same from disk as from memory, bit for bit, and leaves nothing', async () => {
    const before = findBfloat16().live()
    const [memory, disk] = [await open(name, 'memory'), await open(name, 'disk')]
    expect([memory.weights.residency, disk.weights.residency]).toEqual(['memory', 'disk'])
    expect(memory.backend).toBe(disk.backend)
    const run = { ids: promptOf(memory, 5, 3) }
    const [expected] = await runWithHooks(memory, [run], { logits: 'all' })
    for (let round = 0; round < 2; round++) {
      const [got] = await runWithHooks(disk, [run], { logits: 'all' })
      expect(got?.logits).toEqual(expected?.logits)
    }
    for (const model of models.splice(0)) await model.dispose()
    memory.backend.dispose()
    expect(findBfloat16().live()).toBe(before)
  })
})

describe.runIf(usable)('a model in bfloat16', () => {
  expectNoTensorLeaks()

  it('has weights that can be read, as float32 of the bits that the checkpoint stores', async () => {
    const half = await open('llama-bf16', 'memory')
    const full = await openFixture('llama-bf16', 'blas')
    models.push(full)
    const [ours, theirs] = [await half.weights.layer(1), await full.weights.layer(1)]
    for (const name of ['q', 'k', 'v', 'o'] as const) expectClose(ours[name].weight.data, theirs[name].weight.data, {})
    expectClose(ours.mlp?.down.weight.data ?? [], theirs.mlp?.down.weight.data ?? [], {})
    expectClose(half.weights.unembed.rows([3, 0]), full.weights.unembed.rows([3, 0]), {})
    expectClose(half.weights.embedding(7), full.weights.embedding(7), {})
  })

  it.each(['llama-gqa-tied', 'llama-mha-untied', 'phi3'])(
    '%s: some tokens have the logits that all have',
    async name => {
      const model = await open(name, 'memory')
      const { dModel } = model.spec
      tf.tidy(() => {
        const stream = tf.tensor2d(randomValues(3 * dModel, 5), [3, dModel])
        const batch = batchOf([{ start: 0, length: 3, prefix: null }])
        const all = unembed(model, stream, batch)
        const some = unembedTokens(model, stream, [5, 0, 11])
        // The same bfloat16 factors, summed in float32 in another order.
        expectClose(some.dataSync(), tf.gather(all, tf.tensor1d([5, 0, 11], 'int32'), 1).dataSync(), { atol: 1e-5 })
      })
    },
  )

  it('keeps routers as float32', async () => {
    const model = await open('mixtral', 'memory')
    const full = await openFixture('mixtral', 'blas')
    models.push(full)
    const [ours, theirs] = [await model.weights.layer(0), await full.weights.layer(0)]
    expect(ours.router?.weight.float32).toBe(true)
    expectClose(ours.router?.weight.data ?? [], theirs.router?.weight.data ?? [], {})
  })

  it('from disk refuses a weight of a layer that was taken back', async () => {
    const model = await open('llama-gqa-tied', 'disk')
    const { q } = await model.weights.layer(0)
    await model.weights.layer(1)
    const use = () => tf.tidy(() => void model.backend.linear(tf.ones([1, q.weight.inSize]), q.weight))
    expect(use).toThrow(PatchlightError)
    expect(use).toThrow(/q_proj.* to be in use, got it after it was given back/)
  })

  it('frees what it had packed when a later tensor is damaged', async () => {
    const opened = await openCheckpoint(checkpointDir('llama-gqa-tied'))
    const { weightsPacked } = await import('../../engine/weights-packed.ts')
    const family = familyOf(configReader({ ...opened.config }))
    const spec = family.spec(configReader({ ...opened.config }))
    const slots = family.slots(spec, tensor => opened.tensors.has(tensor))
    const backend = await startBackend('blas', 'bf16')
    const damaged = {
      dir: opened.dir,
      config: opened.config,
      tensors: opened.tensors,
      bytes: opened.bytes,
      read: (name: string) =>
        name.includes('layers.1.mlp.down_proj')
          ? Promise.reject(new CheckpointError(`${name}: cut short`))
          : opened.read(name),
      readStored: opened.readStored.bind(opened),
      readStoredSync: opened.readStoredSync.bind(opened),
      fingerprint: () => opened.fingerprint(),
      close: () => opened.close(),
    }
    await expect(weightsPacked(damaged, spec, slots, backend)).rejects.toThrow(/down_proj.* cut short/)
    await opened.close()
    backend.dispose()
    expect(findBfloat16().live()).toBe(0)
  })

  it('says so in a sentence', async () => {
    expect((await open('llama-gqa-tied', 'memory')).weightsNote).toMatch(/^Weights and products with them are bfloat16/)
    expect((await open('llama-gqa-tied', 'disk')).weightsNote).toMatch(/^Weights stay on disk/)
  })
})

it('sizes: bfloat16 is half, and so a model fits that does not as float32', async () => {
  const opened = await openCheckpoint(checkpointDir('llama-mha-untied'))
  const family = familyOf(configReader({ ...opened.config }))
  const spec = family.spec(configReader({ ...opened.config }))
  const slots = family.slots(spec, tensor => opened.tensors.has(tensor))
  await opened.close()
  const [full, half] = (['f32', 'bf16'] as const).map(dtype => weightSizes(spec, slots, opened.tensors, dtype))
  if (full === undefined || half === undefined) throw new Error('expected sizes')
  // An embedding of its own stays on disk, vectors stay float32.
  const embedding = spec.vocab * spec.dModel * 4
  expect(half.inMemory).toBeGreaterThan((full.inMemory - embedding) / 2)
  expect(half.inMemory).toBeLessThan((full.inMemory - embedding) * 0.51)
  const memory = { freeBytes: half.inMemory + 1e9, totalBytes: 64e9 }
  expect(chooseResidency('m', 'memory', half, memory)).toBe('memory')
  expect(() => chooseResidency('m', 'memory', full, memory)).toThrow(/as float32/)
})

describe('which format', () => {
  it('is float32 unless someone asks', async () => {
    expect((await startBackend('wasm')).dtype).toBe('f32')
    expect((await startBackend('wasm', 'auto')).dtype).toBe('f32')
    vi.stubEnv('PATCHLIGHT_DTYPE', 'f16')
    await expect(startBackend('wasm')).rejects.toThrow(BackendError)
    await expect(startBackend('wasm')).rejects.toThrow(/expected auto, f32, bf16, got 'f16'/)
  })

  it('bfloat16 on another backend than blas is refused, with what to do', async () => {
    vi.stubEnv('PATCHLIGHT_DTYPE', 'bf16')
    await expect(startBackend('wasm')).rejects.toThrow(BackendError)
    await expect(startBackend('wasm')).rejects.toThrow(/^--dtype bf16: expected the blas backend.* got wasm; use/)
    vi.stubEnv('PATCHLIGHT_BACKEND', 'wasm')
    await expect(startBackend()).rejects.toThrow(/got wasm/)
  })

  it.runIf(usable)('bfloat16 chooses blas where no backend was asked for', async () => {
    const backend = await startBackend('auto', 'bf16')
    expect([backend.name, backend.dtype]).toEqual(['blas', 'bf16'])
    expect(await startBackend(undefined, 'bf16')).toBe(backend)
    expect((await startBackend('blas', 'f32')).dtype).toBe('f32')
  })
})
