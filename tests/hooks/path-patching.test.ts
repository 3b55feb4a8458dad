/**
 * Path patching against its definition: every head's z and every MLP's output is held at its base
 * value by functions in a full pass, the sender's alone is the donor's, and what the receivers see
 * then is put into a second full pass by functions. Tolerance: float32 rounding over two passes of
 * logits of size 1 to 20.
 */
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { ShapeError } from '../../engine/errors.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import type { Capture } from '../../hooks/capture.ts'
import { type PromptRun, runWithHooks } from '../../hooks/hooked.ts'
import type { HookFunction } from '../../hooks/lane-tap.ts'
import type { Metric } from '../../hooks/metric.ts'
import { type PathQuestion, type PathSender, pathOutline, pathPatches } from '../../hooks/path-patching.ts'
import { prepareSweep } from '../../hooks/sweep/execute.ts'
import { EMBEDDED_MODEL } from '../../studies/runs/model-list.ts'
import { expectClose } from '../support/close.ts'
import { openFixture, promptOf } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

expectNoTensorLeaks()

const METRICS: readonly Metric[] = [
  { kind: 'logit_diff', tokens: [3], against: [5] },
  { kind: 'logit', tokens: [7] },
]

type Functions = NonNullable<PromptRun['functions']>

/** Metrics of every sender's paths, by the definition. */
async function byDefinition(model: Model, question: PathQuestion): Promise<Float64Array[]> {
  const { base, donor, senders, receivers } = question
  const length = base.length
  const sending = question.positions === undefined || question.positions === 'all' ? null : question.positions
  const sends = (position: number): boolean =>
    sending === null || [sending].flat().some(p => (p < 0 ? p + length : p) === position)
  const [ofBase, ofDonor] = await runWithHooks(model, [{ ids: base }, { ids: donor }], {
    capture: ['blocks.*.attn.hook_z', 'blocks.*.hook_mlp_out'],
  })
  const results: Float64Array[] = []
  for (const sender of senders) {
    const frozen = frozenRun(model, sender, sends, ofBase?.capture, ofDonor?.capture)
    const seen = receivers.map(({ layer, input }) => `blocks.${layer}.attn.hook_${input}`)
    const [first] = await runWithHooks(model, [{ ids: base, functions: frozen }], {
      metrics: METRICS,
      ...(seen.length === 0 ? {} : { capture: seen }),
    })
    if (receivers.length === 0) {
      results.push(first?.values ?? new Float64Array())
      continue
    }
    const functions = receivers.map(({ head }, i) => {
      const at = seen[i] ?? ''
      const given = first?.capture.get(at)
      if (given === undefined) throw new Error('no capture')
      const run: HookFunction = x => withHead(x, head, tf.tensor(given.data, x.shape))
      return { at, run }
    })
    const [second] = await runWithHooks(model, [{ ids: base, functions }], { metrics: METRICS })
    results.push(second?.values ?? new Float64Array())
  }
  return results
}

/** x [pos, head, d_head] with one head's features from another tensor. */
function withHead(x: tf.Tensor, head: number, from: tf.Tensor): tf.Tensor {
  const heads = x.shape[1] ?? 1
  const mask = tf.tensor(
    Float32Array.from({ length: heads }, (_, i) => (i === head ? 1 : 0)),
    [1, heads, 1],
  )
  return tf.add(tf.mul(x, tf.sub(1, mask)), tf.mul(from, mask))
}

function frozenRun(
  model: Model,
  sender: PathSender,
  sends: (position: number) => boolean,
  base: Capture | undefined,
  donor: Capture | undefined,
): Functions {
  if (base === undefined || donor === undefined) throw new Error('no capture')
  const { heads, dHead } = model.spec
  return model.spec.layers.flatMap((_, layer) =>
    (['attn.hook_z', 'hook_mlp_out'] as const).map(site => {
      const at = `blocks.${layer}.${site}`
      const values = base.get(at).data.slice()
      const others = donor.get(at).data
      const isSender = layer === sender.layer && (sender.head === null) === (site === 'hook_mlp_out')
      const width = site === 'hook_mlp_out' ? model.spec.dModel : heads * dHead
      if (isSender)
        for (const [i, value] of others.entries())
          if (sends(Math.floor(i / width)) && (sender.head === null || Math.floor((i % width) / dHead) === sender.head))
            values[i] = value
      return { at, run: (x: tf.Tensor) => tf.tensor(values, x.shape) }
    }),
  )
}

/** The same by patches of a sweep; also how far its values are from the unpatched run's, at most. */
async function bySweep(model: Model, question: PathQuestion): Promise<{ values: Float64Array[]; moved: number }> {
  const patches = (await pathPatches(model, question)).map(interventions => ({ interventions }))
  const sweep = await prepareSweep(model, { bases: [{ ids: question.base, metrics: METRICS, patches }] })
  const values: Float64Array[] = []
  try {
    for await (const results of sweep.run()) for (const result of results) values[result.patch] = result.values
    const [base] = sweep.baseValues
    return { values, moved: Math.max(...values.map(row => Math.abs((row[0] ?? 0) - (base?.[0] ?? 0)))) }
  } finally {
    sweep.dispose()
  }
}

function sendersOf({ spec }: Model): PathSender[] {
  return spec.layers.flatMap((_, layer): PathSender[] => [
    ...Array.from({ length: spec.heads }, (_, head) => ({ layer, head })),
    { layer, head: null },
  ])
}

async function holdsFor(model: Model, question: PathQuestion): Promise<void> {
  const { values, moved } = await bySweep(model, question)
  const expected = await byDefinition(model, question)
  expect(moved, 'some sender moves the metric').toBeGreaterThan(1e-4)
  for (const [i, row] of expected.entries()) expectClose(values[i] ?? [], row, { atol: 3e-5, rtol: 1e-5 })
}

/** A prompt and a donor that differ from the second token on, in some tokens only. */
function prompts(model: Model): Pick<PathQuestion, 'base' | 'donor'> {
  const base = promptOf(model, 6, 11)
  return { base, donor: base.map((id, i) => (i === 1 || i === 5 ? (id + 3) % model.spec.vocab : id)) }
}

// Norms before and after, biases, learned positions, transposed weights, parallel halves, norms on queries, experts.
const FAMILIES = ['llama-gqa-tied', 'llama-bias', 'gpt2', 'gpt-neox-parallel', 'gemma2', 'olmo2', 'qwen3', 'mixtral']

describe.each(FAMILIES)('%s', name => {
  it('paths to logits, queries, keys and values are what the definition gives', async () => {
    const model = await openFixture(name)
    try {
      const { spec } = model
      const last = spec.layers.length - 1
      const pair = prompts(model)
      const senders = sendersOf(model)
      await holdsFor(model, { ...pair, senders, receivers: [] })
      const inputs = spec.qkNorm === 'full' ? (['v'] as const) : (['q', 'k', 'v'] as const)
      for (const input of inputs) {
        const head = (input === 'q' ? spec.heads : spec.kvHeads) - 1
        await holdsFor(model, { ...pair, senders, receivers: [{ layer: last, head, input }] })
      }
    } finally {
      await model.dispose()
    }
  })
})

describe('the embedded model', () => {
  it('several receivers in several layers, from one position and from all', async () => {
    const model = await loadModel(EMBEDDED_MODEL, { backend: 'wasm' })
    try {
      const question: PathQuestion = {
        base: model.tokenizer.encode('the time displayed is 9:00 pm. therefore, it is currently the'),
        donor: model.tokenizer.encode('the time displayed is 9:00 am. therefore, it is currently the'),
        senders: sendersOf(model).filter(({ head }) => head === null || head % 3 === 0),
        receivers: [
          { layer: 3, head: 1, input: 'v' },
          { layer: 4, head: 0, input: 'k' },
          { layer: 4, head: 1, input: 'v' },
          { layer: 5, head: 2, input: 'q' },
        ],
      }
      const position = question.base.findIndex((id, i) => id !== question.donor[i])
      await holdsFor(model, question)
      await holdsFor(model, { ...question, positions: position })
    } finally {
      await model.dispose()
    }
  })
})

describe('senders and receivers', () => {
  it('MLPs alone, also where norms follow attention', async () => {
    const model = await openFixture('gemma2')
    try {
      await holdsFor(model, { ...prompts(model), senders: [{ layer: 0, head: null }], receivers: [] })
    } finally {
      await model.dispose()
    }
  })

  it('a sender behind its receivers, or one that does not change, is no patch; its effect is exactly 0', async () => {
    const model = await openFixture('llama-gqa-tied')
    try {
      const pair = prompts(model)
      const receivers = [{ layer: 1, head: 0, input: 'q' as const }]
      const senders = sendersOf(model)
      const patches = await pathPatches(model, { ...pair, senders, receivers })
      for (const [i, { layer }] of senders.entries()) expect((patches[i] ?? []).length > 0).toBe(layer < 1)
      const same = await pathPatches(model, { ...pair, donor: pair.base, senders, receivers })
      expect(same.flat()).toEqual([])
      // What two prompts share at their start is no change either.
      expect(patches.flat().map(({ position }) => position)).not.toContain(0)
      const outline = pathOutline(model.spec, { ...pair, senders, receivers })
      const places = (list: typeof patches) =>
        list.map(own => own.map(({ at, head, position }) => [at, head, position]))
      expect(places(outline)).toEqual(places(patches))
    } finally {
      await model.dispose()
    }
  })

  it('what a model does not have is named', async () => {
    const model = await openFixture('olmo2')
    try {
      const pair = prompts(model)
      const senders = [{ layer: 0, head: 0 }]
      const ask = (change: Partial<PathQuestion>) => pathPatches(model, { ...pair, senders, receivers: [], ...change })
      await expect(ask({ senders: [{ layer: 9, head: 0 }] })).rejects.toThrow(/layer of a sender: expected 0 to/)
      await expect(ask({ senders: [{ layer: 0, head: 99 }] })).rejects.toThrow(ShapeError)
      await expect(ask({ receivers: [{ layer: 1, head: 99, input: 'v' }] })).rejects.toThrow(/key\/value head/)
      await expect(ask({ receivers: [{ layer: 1, head: 0, input: 'q' }] })).rejects.toThrow(/norms/)
      await expect(ask({ donor: [1] })).rejects.toThrow(/as many donor tokens/)
      await expect(ask({ positions: 6 })).rejects.toThrow(/expected a position/)
    } finally {
      await model.dispose()
    }
  })
})
