/** Where weights stand: in memory while they fit, else on disk, else nowhere, with what would help. */
import { describe, expect, it } from 'vitest'
import { CheckpointError, PatchlightError } from '../../engine/errors.ts'
import { loadModel } from '../../engine/load.ts'
import { chooseResidency, residencyFromEnvironment, residencyNote } from '../../engine/residency.ts'
import { checkpointDir, NO_TOKENIZER } from '../support/fixtures.ts'

const GB = 1e9
const sizes = {
  dtype: 'f32' as const,
  inMemory: 94 * GB,
  fromDisk: 5 * GB,
  aPass: 44 * GB,
  atLoad: { memory: 48 * GB, disk: 1.3 * GB },
}
const memory = (free: number) => ({ freeBytes: free * GB, totalBytes: 128 * GB })

describe('chooseResidency', () => {
  it('takes memory where float32 weights and a pass fit, else the disk', () => {
    expect(chooseResidency('m', 'auto', sizes, memory(96))).toBe('memory')
    expect(chooseResidency('m', 'auto', sizes, memory(94.5))).toBe('disk')
    expect(chooseResidency('m', 'auto', sizes, memory(6.1))).toBe('disk')
    expect(chooseResidency('m', 'disk', sizes, memory(120))).toBe('disk')
  })

  it('says before anything is read that a checkpoint does not fit, and what would help', () => {
    expect(() => chooseResidency('big', 'auto', sizes, memory(5.5))).toThrow(CheckpointError)
    expect(() => chooseResidency('big', 'auto', sizes, memory(5.5))).toThrow(
      'big: expected 6.0 GB of memory to run it layer by layer from disk, got 5.5 GB free of 128.0 GB; close other programs',
    )
    expect(() => chooseResidency('big', 'memory', sizes, memory(60))).toThrow(
      'big: expected 95.0 GB of memory for its weights as float32, got 60.0 GB free of 128.0 GB; leave the choice',
    )
  })
})

describe('residencyNote', () => {
  it('says why, how much a pass reads, and how long that takes', () => {
    expect(residencyNote(sizes, 'auto', memory(22), 1.1e6)).toBe(
      'Weights stay on disk (as float32 they take 94.0 GB and 22.0 GB of memory are free): each pass over the model ' +
        'reads 44.0 GB, about 40 s at the measured 1.1 GB/s; a sweep is one pass.',
    )
    expect(residencyNote(sizes, 'disk', memory(22), null)).toBe(
      'Weights stay on disk (as asked): each pass over the model reads 44.0 GB; a sweep is one pass.',
    )
  })
})

describe('loadModel', () => {
  const load = (residency?: 'memory' | 'disk') =>
    loadModel(checkpointDir('mistral'), {
      backend: 'wasm',
      tokenizer: NO_TOKENIZER,
      ...(residency === undefined ? {} : { residency }),
    })

  it('keeps a small model in memory without a word, and follows PATCHLIGHT_WEIGHTS', async () => {
    const model = await load()
    expect([model.weights.residency, model.weightsNote]).toEqual(['memory', null])
    await model.dispose()
    process.env.PATCHLIGHT_WEIGHTS = 'disk'
    try {
      const fromDisk = await load()
      expect(fromDisk.weights.residency).toBe('disk')
      expect(fromDisk.weightsNote).toMatch(/^Weights stay on disk \(as asked\): each pass over the model reads/)
      await fromDisk.dispose()
      const asked = await load('memory')
      expect(asked.weights.residency).toBe('memory')
      await asked.dispose()
      process.env.PATCHLIGHT_WEIGHTS = 'tape'
      expect(residencyFromEnvironment).toThrow(PatchlightError)
      await expect(load()).rejects.toThrow("PATCHLIGHT_WEIGHTS: expected auto, memory, disk, got 'tape'")
    } finally {
      delete process.env.PATCHLIGHT_WEIGHTS
    }
  })

  it.each(['memory', 'disk'] as const)(
    'from %s: disposing takes back what the backend holds of the weights',
    async residency => {
      const model = await load(residency)
      const { backend, weights } = model
      const held = 'heldWeights' in backend && typeof backend.heldWeights === 'function' ? backend.heldWeights : null
      if (held === null) throw new Error('the wasm backend counts what it holds')
      const before = held()
      const { embed, runLayers, unembed } = await import('../../engine/forward.ts')
      const { batchOf } = await import('../../engine/lanes.ts')
      const batch = batchOf([{ start: 0, length: 2, prefix: null }])
      const stream = await runLayers(model, embed(model, [1, 2], batch), batch)
      unembed(model, stream, batch).dispose()
      stream.dispose()
      expect(held()).toBeGreaterThan(before)
      await model.dispose()
      expect(held()).toBe(before)
      if (residency === 'disk') await expect(async () => weights.layer(0)).rejects.toThrow('disposed')
    },
  )
})
