/**
 * Which neurons hold a recalled phrase? Each neuron of a layer's MLP is set to zero (or to its
 * mean), one at a time; the change of the target's probability and whether another token comes out
 * on top are recorded. Source: neuron ablation of Llama-3.2-1B on “she sells sea shells by the”.
 */
import { StudyError } from '../engine/errors.ts'
import type { Model } from '../engine/model.ts'
import { runWithHooks } from '../hooks/hooked.ts'
import type { Intervention } from '../hooks/intervention.ts'
import type { Metric } from '../hooks/metric.ts'
import type { FigureSpec } from './figure.ts'
import type { ParamsOf } from './params.ts'
import { parseLayers } from './params-validate.ts'
import { PROMPT_PARAMS } from './prompt-params.ts'
import { answerTokens, encodePrompt, quote } from './prompts.ts'
import { defineStudy, type FigureSink, type StudyContext } from './study.ts'
import { type CellBase, estimateSweeps, sweepInto, type Tally } from './sweep-run.ts'

const PARAMS = {
  prompt: {
    kind: 'prompt',
    label: 'Prompt',
    help: 'The neurons are ablated in this prompt’s run.',
    default: 'she sells sea shells by the',
  },
  target: {
    kind: 'text',
    label: 'Target token',
    help: 'The token whose probability is followed; it must be one token (mind the leading space). Empty: the model’s own top token.',
    default: '',
  },
  layers: {
    kind: 'layers',
    label: 'Layers',
    help: 'all, last, or a list such as 0-3,7; layers are counted from 0.',
    default: 'last',
  },
  ablation: {
    kind: 'choice',
    label: 'Ablation',
    help: 'Set the neuron to zero, or to its mean over the reference prompts’ positions.',
    default: 'zero',
    options: [
      { value: 'zero', label: 'zero' },
      { value: 'mean', label: 'mean' },
    ],
  },
  reference: {
    kind: 'prompts',
    label: 'Reference prompts',
    help: 'For mean ablation.',
    default: [
      'the time displayed is 9:00 am. therefore, it is currently the',
      'question: is velmora part of karthia? answer:',
      'an apple a day keeps the doctor away',
    ],
    advanced: true,
  },
  positions: {
    kind: 'choice',
    label: 'Positions',
    help: 'Ablate at the last position only, or at every position.',
    default: 'last',
    options: [
      { value: 'last', label: 'last position' },
      { value: 'all', label: 'all positions' },
    ],
  },
  threshold: {
    kind: 'number',
    label: 'Threshold',
    help: 'A neuron counts when |ΔP(target)| is above this.',
    default: 0.1,
    min: 0,
    max: 1,
    unit: 'probability',
  },
  ...PROMPT_PARAMS,
} as const

type Params = ParamsOf<typeof PARAMS>

/** Of the figure. A layer of 8,192 neurons is drawn as 64 rows of 128, one of 128 as 8 rows of 16. */
const MAX_NEURONS_A_ROW = 128
/** How many neurons the table lists. */
const LISTED = 30
const FLIPPED = 1

interface Prepared {
  readonly ids: readonly number[]
  readonly layers: readonly number[]
}

function prepare(model: Model, params: Params): Prepared {
  const reference: readonly string[] = params.reference
  if (params.ablation === 'mean' && reference.length === 0)
    throw new StudyError('parameter reference: expected at least one prompt to take the mean over, got none')
  return {
    ids: encodePrompt(model, params.prompt, params),
    layers: parseLayers(params.layers, model.spec.layers.length),
  }
}

function metricsFor(target: number): Metric[] {
  return [{ kind: 'prob', tokens: [target] }, { kind: 'top1' }]
}

/** The token that is followed: the one asked for, or the model's own top token. */
async function targetOf(model: Model, params: Params, ids: readonly number[]): Promise<number> {
  if (params.target !== '') return answerTokens(model, [params.target], 'target').ids[0] ?? 0
  const [output] = await runWithHooks(model, [{ ids }], { metrics: [{ kind: 'top1' }] })
  return output?.values[0] ?? 0
}

/** Mean of each neuron over all positions of the reference prompts, by layer. */
async function referenceMeans(
  model: Model,
  params: Params,
  layers: readonly number[],
): Promise<Map<number, Float64Array>> {
  const means = new Map<number, Float64Array>()
  if (params.ablation !== 'mean') return means
  const outputs = await runWithHooks(
    model,
    params.reference.map(text => ({ ids: encodePrompt(model, text, params) })),
    { capture: layers.map(layer => `blocks.${layer}.mlp.hook_post`) },
  )
  for (const layer of layers) {
    const sum = new Float64Array(model.spec.dMlp)
    let rows = 0
    for (const { capture } of outputs) {
      const { data, positions } = capture.get(`blocks.${layer}.mlp.hook_post`)
      rows += positions.length
      for (const [i, value] of data.entries()) sum[i % sum.length] = (sum[i % sum.length] ?? 0) + value
    }
    means.set(
      layer,
      sum.map(value => value / rows),
    )
  }
  return means
}

function patchOf(params: Params, layer: number, neuron: number, means: ReadonlyMap<number, Float64Array>) {
  const set: Intervention['set'] =
    params.ablation === 'mean' ? { mean: means.get(layer)?.[neuron] ?? 0 } : { zero: true }
  const position = params.positions === 'last' ? -1 : ('all' as const)
  return { interventions: [{ at: `blocks.${layer}.mlp.hook_post`, neuron, position, set }] }
}

/** Up to twice as many as there are rows or a little more; a power of two, so that rows begin with round numbers. */
export function neuronsARow(dMlp: number): number {
  return Math.min(MAX_NEURONS_A_ROW, dMlp, 2 ** Math.ceil(Math.log2(2 * dMlp) / 2))
}

function figureSpec(model: Model, params: Params, layer: number, target: string): FigureSpec {
  const width = neuronsARow(model.spec.dMlp)
  const rows = Math.ceil(model.spec.dMlp / width)
  return {
    id: `layer-${layer}`,
    title: `layer ${layer}`,
    group: 'Ablated neurons',
    x: { kind: 'neuron', label: 'neuron, within its row', ticks: Array.from({ length: width }, (_, i) => `+${i}`) },
    y: {
      kind: 'neuron',
      label: 'first neuron',
      ticks: Array.from({ length: rows }, (_, i) => `N${i * width}`),
    },
    metric: `ΔP(${target})`,
    unit: 'probability',
    scale: 'diverging',
    marks: [{ symbol: '×', meaning: 'another token comes out on top' }],
    caption:
      `Each neuron of layer ${layer}’s MLP is set to ${params.ablation === 'mean' ? 'its mean' : 'zero'} at ` +
      `${params.positions === 'last' ? 'the last position' : 'all positions'} of ${quote(params.prompt)}; ` +
      `colour: change of the probability of “${target}”; ×: another token comes out on top.`,
  }
}

export default defineStudy({
  id: 'neuron-ablation',
  title: 'Neuron ablation',
  question: 'Which single neurons does a recalled phrase depend on?',
  about:
    'Every neuron of a layer’s MLP is set to zero, one at a time. Recorded are the change of the target’s probability and ' +
    'whether another token comes out on top. At the last layer the effect passes only the final norm and the unembedding. ' +
    'Method: neuron ablation of Llama-3.2-1B, whose count “|ΔP| > 0.1 or another top token” is ambiguous; both readings are reported.',
  params: PARAMS,
  presets: [
    {
      id: 'demo',
      title: 'Every cloud has …, every layer',
      for: 'embedded',
      values: { prompt: 'every cloud has', layers: 'all' },
    },
    {
      id: 'demo-disputed',
      title: 'A disputed question, last layer',
      for: 'embedded',
      values: { prompt: 'question: is thornvale part of dravonia? answer:' },
    },
    { id: 'demo-sea-shells', title: 'She sells sea shells by the …, last layer', for: 'embedded', values: {} },
    {
      id: 'llama-3.2-1b',
      title: 'The source’s layer 15, counted from 0; from 1 it is 14 (Llama-3.2-1B)',
      for: 'large',
      values: {
        layers: 'last',
        reference: [
          'The quick brown fox jumps over the lazy dog.',
          'Once upon a time there was a',
          'The capital of France is',
        ],
      },
    },
  ],

  async estimate(model, params) {
    const { ids, layers } = prepare(model, params)
    const patches = layers.flatMap(layer =>
      Array.from({ length: model.spec.dMlp }, (_, neuron) => patchOf(params, layer, neuron, new Map())),
    )
    return estimateSweeps(model, [[{ ids, metrics: metricsFor(0), patches }]])
  },

  async run(context) {
    const { model, params } = context
    const { ids, layers } = prepare(model, params)
    const target = await targetOf(model, params, ids)
    const means = await referenceMeans(model, params, layers)
    const label = model.tokenizer.label(target)
    const tally: Tally = { done: 0, total: layers.length * model.spec.dMlp }
    const sinks = new Map(layers.map(layer => [layer, context.figure(figureSpec(model, params, layer, label))]))
    const base: CellBase = {
      ids,
      metrics: metricsFor(target),
      patches: layers.flatMap(layer =>
        Array.from({ length: model.spec.dMlp }, (_, neuron) => ({
          patch: patchOf(params, layer, neuron, means),
          isDone: () => sinks.get(layer)?.has(neuron) ?? false,
          write: ([prob = 0, top = 0], [before = 0, topBefore = 0]) =>
            sinks.get(layer)?.set(neuron, prob - before, top === topBefore ? 0 : FLIPPED),
        })),
      ),
    }
    await sweepInto(context, [base], tally)
    await report(context, { ids, target, means, sinks })
  },

  async cell(model, params, figure, index) {
    const layer = Number(/^layer-(\d+)$/.exec(figure)?.[1] ?? Number.NaN)
    const { ids, layers } = prepare(model, params)
    if (!layers.includes(layer) || index >= model.spec.dMlp) return null
    const means = await referenceMeans(model, params, [layer])
    return {
      what: `N${index}@L${layer} set to ${params.ablation === 'mean' ? 'its mean' : 'zero'} at ${params.positions === 'last' ? 'the last position' : 'all positions'}`,
      ids,
      position: ids.length - 1,
      interventions: patchOf(params, layer, index, means).interventions,
      answer: [await targetOf(model, params, ids)],
    }
  },
})

interface Report {
  readonly ids: readonly number[]
  readonly target: number
  readonly means: ReadonlyMap<number, Float64Array>
  readonly sinks: ReadonlyMap<number, FigureSink>
}

/** Counts, and the neurons with the largest change, run once more to see which token came out on top. */
async function report(context: StudyContext<typeof PARAMS>, { ids, target, means, sinks }: Report): Promise<void> {
  const { model, params } = context
  const found = [...sinks].flatMap(([layer, sink]) =>
    Array.from({ length: model.spec.dMlp }, (_, neuron) => ({
      layer,
      neuron,
      change: sink.get(neuron),
      flipped: sink.mark(neuron) === FLIPPED,
    })),
  )
  const large = ({ change }: { change: number }): boolean => Math.abs(change) > params.threshold
  const [base] = await runWithHooks(model, [{ ids }], { metrics: metricsFor(target) })
  context.summary({
    target: model.tokenizer.label(target),
    'P(target) without ablation': base?.values[0] ?? Number.NaN,
    [`|ΔP| > ${params.threshold}`]: found.filter(large).length,
    'another top token': found.filter(({ flipped }) => flipped).length,
    'either (or)': found.filter(item => large(item) || item.flipped).length,
    'both (and)': found.filter(item => large(item) && item.flipped).length,
    neurons: found.length,
  })
  const listed = found.sort((a, b) => Math.abs(b.change) - Math.abs(a.change)).slice(0, LISTED)
  const outputs = await runWithHooks(
    model,
    listed.map(({ layer, neuron }) => ({ ids, ...patchOf(params, layer, neuron, means) })),
    { metrics: [{ kind: 'top1' }] },
  )
  const [plain] = await runWithHooks(model, [{ ids }], {
    capture: [...sinks.keys()].map(layer => `blocks.${layer}.mlp.hook_post`),
    capturePositions: -1,
  })
  context.table({
    id: 'largest',
    title: 'Neurons with the largest change',
    columns: [
      { key: 'neuron', label: 'neuron', kind: 'text' },
      { key: 'activation', label: 'activation, last position', kind: 'number' },
      { key: 'change', label: `ΔP(${model.tokenizer.label(target)})`, kind: 'number', unit: 'probability' },
      { key: 'top', label: 'top token after', kind: 'token' },
    ],
    rows: listed.map(({ layer, neuron, change }, i) => ({
      neuron: `N${neuron}@L${layer}`,
      activation: plain?.capture.get(`blocks.${layer}.mlp.hook_post`).data[neuron] ?? null,
      change,
      top: model.tokenizer.label(outputs[i]?.values[0] ?? 0),
    })),
    caption: `The ${listed.length} neurons with the largest |ΔP(target)| of ${found.length}.`,
  })
}
