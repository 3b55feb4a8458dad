/** The second part of time patching: neurons that recur among the largest effects over prompt pairs. */
import type { Model } from '../engine/model.ts'
import { runWithHooks } from '../hooks/hooked.ts'
import type { SweepBase } from '../hooks/sweep/types.ts'
import type { FigureSpec } from './figure.ts'
import { parseLayers } from './params-validate.ts'
import { alignedDifference, answerTokens, encodePrompt, quote } from './prompts.ts'
import type { CellQuestion, FigureSink, StudyContext } from './study.ts'
import { type CellBase, sweepInto, type Tally } from './sweep-run.ts'
import type { TIME_PARAMS } from './time-params.ts'
import { type TimeParams, timeMetrics } from './time-prompts.ts'

/** How many recurring neurons the table lists. */
const LISTED = 30

export interface Pair {
  readonly texts: readonly [clean: string, corrupted: string]
  readonly clean: readonly number[]
  readonly corrupted: readonly number[]
}

export function neuronPairs(model: Model, params: TimeParams): Pair[] {
  return params.pairs.map(([cleanText, corruptedText]) => {
    const clean = encodePrompt(model, cleanText, params)
    const corrupted = encodePrompt(model, corruptedText, params)
    alignedDifference(model, clean, corrupted)
    return { texts: [cleanText, corruptedText], clean, corrupted }
  })
}

/** The neurons that are patched, in the figure's order. */
function neuronsOf(model: Model, params: TimeParams): { layer: number; neuron: number }[] {
  return parseLayers(params.neuronLayers, model.spec.layers.length).flatMap(layer =>
    Array.from({ length: model.spec.dMlp }, (_, neuron) => ({ layer, neuron })),
  )
}

function patchOf({ layer, neuron }: { layer: number; neuron: number }, pair: Pair) {
  const set = { from: [...pair.clean], position: -1 }
  return { interventions: [{ at: `blocks.${layer}.mlp.hook_post`, neuron, position: -1, set }] }
}

function metricsOf(model: Model, params: TimeParams) {
  return timeMetrics({
    answer: answerTokens(model, params.answer, 'answer').ids,
    against: answerTokens(model, params.against, 'against').ids,
  })
}

/** Every neuron of one pair, each a patch of its own. */
export function neuronBases(model: Model, params: TimeParams, pair: Pair): SweepBase {
  const patches = neuronsOf(model, params).map(place => patchOf(place, pair))
  return { ids: pair.corrupted, metrics: metricsOf(model, params), patches }
}

function figureSpec(model: Model, params: TimeParams, pairs: readonly Pair[]): FigureSpec {
  return {
    id: 'neuron-effects',
    title: 'neurons × prompt pairs',
    group: 'Neurons over prompt pairs',
    x: {
      kind: 'neuron',
      label: 'neuron',
      ticks: neuronsOf(model, params).map(({ layer, neuron }) => `N${neuron}@L${layer}`),
    },
    y: { kind: 'prompt', label: 'prompt pair', ticks: pairs.map((_, i) => String(i + 1)) },
    metric: 'Δ logit difference',
    unit: 'logits',
    scale: 'diverging',
    marks: [],
    caption:
      'Each neuron’s activation at the last position of the clean prompt replaces that of the corrupted one; ' +
      `colour: change of the logit difference. Pairs: ${pairs.map(({ texts }, i) => `${i + 1} ${quote(texts[0], 40)}`).join('; ')}.`,
  }
}

export async function runNeurons(
  context: StudyContext<typeof TIME_PARAMS>,
  pairs: readonly Pair[],
  tally: Tally,
): Promise<void> {
  const { model, params } = context
  if (pairs.length === 0) return
  const places = neuronsOf(model, params)
  const sink = context.figure(figureSpec(model, params, pairs))
  const metrics = metricsOf(model, params)
  const bases = pairs.map(
    (pair, y): CellBase => ({
      ids: pair.corrupted,
      metrics,
      patches: places.map((place, x) => ({
        patch: patchOf(place, pair),
        isDone: () => sink.has(y * places.length + x),
        write: ([value = 0], [before = 0]) => sink.set(y * places.length + x, value - before),
      })),
    }),
  )
  // A pair at a time: its donors and its base run are freed before the next.
  for (const base of bases) await sweepInto(context, [base], tally)
  await recurrence(context, pairs, sink)
}

/** The neurons that are among the top of most pairs, with their mean effect and activations. */
async function recurrence(
  context: StudyContext<typeof TIME_PARAMS>,
  pairs: readonly Pair[],
  sink: FigureSink,
): Promise<void> {
  const { model, params } = context
  const places = neuronsOf(model, params)
  const effect = (y: number, x: number): number => sink.get(y * places.length + x)
  const counts = new Map<number, number>()
  for (const y of pairs.keys()) {
    const order = [...places.keys()].sort((a, b) => Math.abs(effect(y, b)) - Math.abs(effect(y, a)))
    for (const x of order.slice(0, params.topNeurons)) counts.set(x, (counts.get(x) ?? 0) + 1)
  }
  const meanEffect = (x: number): number => pairs.reduce((sum, _, y) => sum + effect(y, x), 0) / pairs.length
  const listed = [...counts]
    .sort(([a, n], [b, m]) => m - n || Math.abs(meanEffect(b)) - Math.abs(meanEffect(a)))
    .slice(0, LISTED)
  const activations = await meanActivations(model, params, pairs)
  context.table({
    id: 'recurring-neurons',
    title: 'Neurons that recur over prompt pairs',
    columns: [
      { key: 'neuron', label: 'neuron', kind: 'text' },
      { key: 'prompts', label: `in top ${params.topNeurons} of`, kind: 'count', unit: `of ${pairs.length} pairs` },
      { key: 'effect', label: 'mean effect', kind: 'number', unit: 'logits' },
      { key: 'clean', label: 'mean activation, clean', kind: 'number' },
      { key: 'corrupted', label: 'mean activation, corrupted', kind: 'number' },
    ],
    rows: listed.map(([x, prompts]) => {
      const place = places[x] ?? { layer: 0, neuron: 0 }
      return {
        neuron: `N${place.neuron}@L${place.layer}`,
        prompts,
        effect: meanEffect(x),
        clean: activations.clean[x] ?? null,
        corrupted: activations.corrupted[x] ?? null,
      }
    }),
    caption:
      `Neurons by the number of prompt pairs in which they are among the ${params.topNeurons} largest effects; ` +
      'activations are those at the last position.',
  })
}

/** Mean activation of every patched neuron at the last position of the clean and of the corrupted prompts. */
async function meanActivations(
  model: Model,
  params: TimeParams,
  pairs: readonly Pair[],
): Promise<{ clean: Float64Array; corrupted: Float64Array }> {
  const layers = parseLayers(params.neuronLayers, model.spec.layers.length)
  const size = model.spec.dMlp
  const means = { clean: new Float64Array(layers.length * size), corrupted: new Float64Array(layers.length * size) }
  for (const pair of pairs)
    for (const side of ['clean', 'corrupted'] as const) {
      const [output] = await runWithHooks(model, [{ ids: pair[side] }], {
        capture: layers.map(layer => `blocks.${layer}.mlp.hook_post`),
        capturePositions: -1,
      })
      for (const [i, layer] of layers.entries()) {
        const { data } = output?.capture.get(`blocks.${layer}.mlp.hook_post`) ?? { data: [] }
        for (const [neuron, value] of data.entries()) {
          const at = i * size + neuron
          means[side][at] = (means[side][at] ?? 0) + value / pairs.length
        }
      }
    }
  return means
}

export function neuronCell(model: Model, params: TimeParams, index: number): CellQuestion | null {
  const places = neuronsOf(model, params)
  const pair = neuronPairs(model, params)[Math.floor(index / places.length)]
  const place = places[index % places.length]
  if (pair === undefined || place === undefined) return null
  return {
    what: `N${place.neuron}@L${place.layer} at the last position, taken from ${quote(pair.texts[0])}`,
    ids: pair.corrupted,
    position: pair.corrupted.length - 1,
    interventions: patchOf(place, pair).interventions,
    answer: answerTokens(model, params.answer, 'answer').ids,
    against: answerTokens(model, params.against, 'against').ids,
  }
}
