/** Reference-free invariants: they hold on every kind of fixture, and each fails when its part is broken. */

import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it } from 'vitest'
import type { Backend } from '../../engine/backends/types.ts'
import type { Model } from '../../engine/model.ts'
import { headsError, patternError } from '../../hooks/invariants/attention.ts'
import { streamError } from '../../hooks/invariants/stream.ts'
import { plainRuns } from '../../hooks/invariants/subject.ts'
import { INVARIANTS, samplePrompts, verifyModel } from '../../hooks/invariants/verify.ts'
import { openFixture, usableBackends } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

const FIXTURES = [
  'llama-gqa-tied',
  'llama-bias',
  'mistral-window',
  'gpt2',
  'gpt-neox-parallel',
  'phi3-longrope',
  'gemma2',
  'gemma3',
  'olmo2',
  'smollm3',
  'qwen3-moe-raw',
  'olmoe',
]

const open: Model[] = []
afterEach(async () => {
  for (const model of open.splice(0)) await model.dispose()
})

describe.each(await usableBackends())('on %s', backend => {
  expectNoTensorLeaks()

  it.each(FIXTURES)('all hold on %s', async name => {
    const model = await openFixture(name, backend)
    open.push(model)
    const seen: string[] = []
    const findings = await verifyModel(model, { onFinding: finding => seen.push(finding.name) })
    expect(findings.filter(finding => !finding.ok)).toEqual([])
    expect(seen).toEqual(INVARIANTS.map(invariant => invariant.name))
    for (const { worst } of findings) expect(Number.isFinite(worst)).toBe(true)
  })
})

/** Names of the invariants that fail on a model that was tampered with. */
async function broken(name: string, tamper: (model: Model) => Model): Promise<string[]> {
  const model = await openFixture(name)
  open.push(model)
  const findings = await verifyModel(tamper(model))
  return findings.filter(finding => !finding.ok).map(finding => finding.name)
}

const withBackend = (change: (backend: Backend) => Partial<Backend>) => (model: Model) => ({
  ...model,
  backend: { ...model.backend, ...change(model.backend) },
})

describe('each shows what is broken', () => {
  it('mix: values that are mixed with other weights than the pattern', async () => {
    const scaled = withBackend(backend => ({
      matMul: (a, b, transposeB) =>
        transposeB ? backend.matMul(a, b, true) : tf.mul(backend.matMul(a, b, false), 1.001),
    }))
    expect(await broken('llama-gqa-tied', scaled)).toEqual(['mix'])
  })

  it('batch and cache: products that depend on the number of rows', async () => {
    const byRows = withBackend(backend => ({
      linear: (x, weight) => tf.mul(backend.linear(x, weight), x.shape[0] % 2 === 0 ? 1 : 1.001),
    }))
    const names = await broken('llama-gqa-tied', byRows)
    expect(names).toContain('batch')
    expect(names).toContain('cache')
  })

  it('self-patch and clean-stream: edits that reach a neighbour', async () => {
    const spilling = withBackend(backend => ({
      edit: (x, change) =>
        backend.edit(x, values => {
          change(values)
          values[0] = (values[0] ?? 0) + 0.1
        }),
    }))
    // The pass itself changes values in place too, so that batches and caches show it as well.
    expect(await broken('llama-gqa-tied', spilling)).toEqual(['self-patch', 'clean-stream', 'batch', 'cache'])
  })

  it('pattern: a wider look than the window allows', async () => {
    const model = await openFixture('mistral-window')
    open.push(model)
    const runs = await plainRuns(model, samplePrompts(model))
    expect(patternError({ model, runs })).toBeLessThan(1e-6)
    const narrow = { ...model.spec, layers: model.spec.layers.map(layer => ({ ...layer, window: 3 })) }
    expect(patternError({ model: { ...model, spec: narrow }, runs })).toBe(Number.POSITIVE_INFINITY)
  })

  it('heads: an output bias that is left out; a norm after attention that is passed over', async () => {
    const biased = await openFixture('gpt2')
    const postNormed = await openFixture('olmo2')
    open.push(biased, postNormed)
    const layerOf = (model: Model) => async (layer: number) => {
      const weights = await model.weights.layer(layer)
      return { ...weights, o: { ...weights.o, bias: null }, ln1Post: null }
    }
    for (const model of [biased, postNormed]) {
      const runs = await plainRuns(model, samplePrompts(model))
      expect(await headsError({ model, runs })).toBeLessThan(1e-5)
      const changed = { ...model, weights: { ...model.weights, layer: layerOf(model) } }
      expect(await headsError({ model: changed, runs })).toBeGreaterThan(0.01)
    }
  })

  it('stream: something else is added; a number that is none', async () => {
    const model = await openFixture('gemma2')
    open.push(model)
    for (const value of [1, Number.NaN]) {
      const runs = await plainRuns(model, samplePrompts(model))
      expect(streamError({ model, runs })).toBeLessThan(1e-6)
      runs[0]?.output.capture.get('blocks.1.hook_mlp_out').data.fill(value, 0, 3)
      expect(streamError({ model, runs })).toBeGreaterThan(1e-3)
    }
  })
})

it('sample prompts fit the model', async () => {
  const model = await openFixture('phi3-longrope')
  open.push(model)
  expect(samplePrompts(model).map(ids => ids.length)).toEqual([6, 5])
})
