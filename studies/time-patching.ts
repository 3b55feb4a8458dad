/**
 * Where does a model keep the time of day? Activations of the clean (am) prompt are put into the
 * corrupted (pm) one, a layer and position at a time; what brings the answer back is where it is
 * kept. Then, over a set of prompt pairs: which neurons recur among those with the largest effect?
 * Source: time patching of Llama-3.2-1B, which does not say which site or position it patched; the
 * study so sweeps them all and says in each caption what it did.
 */
import type { Model } from '../engine/model.ts'
import { runWithHooks } from '../hooks/hooked.ts'
import type { SweepBase } from '../hooks/sweep/types.ts'
import { headAxis, layerAxis } from './components.ts'
import type { FigureSpec } from './figure.ts'
import { labels, quote } from './prompts.ts'
import { defineStudy, type StudyContext } from './study.ts'
import { type CellBase, type CellPatch, estimateSweeps, sweepInto, type Tally } from './sweep-run.ts'
import { neuronBases, neuronCell, neuronPairs, runNeurons } from './time-neurons.ts'
import { TIME_PARAMS } from './time-params.ts'
import { preparePrompts, type TimeParams, type TimePrompts, timeMetrics } from './time-prompts.ts'

/** What is patched position by position. */
const SITES = [
  { id: 'resid', title: 'residual stream', site: 'hook_resid_pre', where: 'before each layer' },
  { id: 'attn', title: 'attention output', site: 'hook_attn_out', where: 'of each layer' },
  { id: 'mlp', title: 'MLP output', site: 'hook_mlp_out', where: 'of each layer' },
] as const

const READINGS = ['recovered', 'logit'] as const
type Reading = (typeof READINGS)[number]

function figureSpec(
  model: Model,
  prompts: TimePrompts,
  params: TimeParams,
  site: string,
  reading: Reading,
): FigureSpec {
  const entry = SITES.find(({ id }) => id === site)
  const what = entry === undefined ? 'Each head’s output z at all positions' : `The ${entry.title} ${entry.where}`
  const metric =
    reading === 'recovered'
      ? `recovered logit difference`
      : `Δ logit of ${params.answer.map(text => text.trim()).join('/')}`
  return {
    id: `${reading}-${site}`,
    title: entry?.title ?? 'heads, all positions',
    group: reading === 'recovered' ? 'Recovered fraction' : 'Logit of the answer',
    x:
      entry === undefined
        ? headAxis(model)
        : { kind: 'position', label: 'position', ticks: labels(model, prompts.corrupted) },
    y: layerAxis(model),
    metric,
    unit: reading === 'recovered' ? 'fraction' : 'logits',
    scale: 'diverging',
    marks: [],
    caption:
      `${what} is taken from ${quote(params.clean, 80)} and put into ${quote(params.corrupted, 80)}. ` +
      (reading === 'recovered'
        ? `Colour: (patched − corrupted) / (clean − corrupted) of the logit difference between ${list(params.answer)} and ${list(params.against)}; 1 restores the clean run.`
        : `Colour: change of the logit of ${list(params.answer)}.`),
  }
}

function list(texts: readonly string[]): string {
  return texts.map(text => `“${text}”`).join(', ')
}

/** The patch behind a cell of a figure. */
function patchOf(model: Model, prompts: TimePrompts, site: string, index: number) {
  const entry = SITES.find(({ id }) => id === site)
  const donor = [...prompts.clean]
  if (entry === undefined) {
    const layer = Math.floor(index / model.spec.heads)
    const head = index % model.spec.heads
    return {
      what: `L${layer}H${head} at all positions`,
      interventions: [{ at: `blocks.${layer}.attn.hook_z`, head, set: { from: donor } }],
    }
  }
  const layer = Math.floor(index / prompts.corrupted.length)
  const position = index % prompts.corrupted.length
  const token = model.tokenizer.label(prompts.corrupted[position] ?? 0)
  return {
    what: `${entry.title} of layer ${layer} at position ${position} (${token})`,
    interventions: [{ at: `blocks.${layer}.${entry.site}`, position, set: { from: donor } }],
  }
}

function cellsOf(model: Model, prompts: TimePrompts, site: string): number {
  return model.spec.layers.length * (site === 'heads' ? model.spec.heads : prompts.corrupted.length)
}

const FIGURE_SITES = [...SITES.map(({ id }) => id), 'heads'] as const

export default defineStudy({
  id: 'time-patching',
  title: 'Time patching',
  question: 'Which layers and positions carry “am” to the answer “morning”?',
  about:
    'The residual stream, attention output, MLP output and every head of a clean prompt are put into a corrupted one that ' +
    'differs in “am”/“pm”. Recovered fraction 1 means that the patch alone restores the clean answer. Patching the residual ' +
    'at all positions would do so at every layer, so positions are patched one at a time. Then neurons, one at a time at the ' +
    'last position, over a set of prompt pairs: those that recur are listed. Method: time patching of Llama-3.2-1B.',
  params: TIME_PARAMS,
  presets: [
    { id: 'demo', title: 'Nine o’clock, am into pm', for: 'embedded', values: {} },
    {
      id: 'llama-3.2-1b',
      title: 'The source’s prompt (Llama-3.2-1B)',
      for: 'large',
      values: { neuronLayers: '10,14-15' },
    },
  ],

  async estimate(model, params) {
    const prompts = preparePrompts(model, params)
    const patches = FIGURE_SITES.flatMap(site =>
      Array.from({ length: cellsOf(model, prompts, site) }, (_, index) => patchOf(model, prompts, site, index)),
    )
    const first: SweepBase[] = [{ ids: prompts.corrupted, metrics: timeMetrics(prompts), patches }]
    return estimateSweeps(model, [first, ...neuronPairs(model, params).map(pair => [neuronBases(model, params, pair)])])
  },

  async run(context) {
    const { model, params } = context
    const prompts = preparePrompts(model, params)
    const pairs = neuronPairs(model, params)
    if (prompts.dropped.length > 0)
      context.note(
        `Left out, since they are not one token here: ${prompts.dropped.map(text => JSON.stringify(text)).join(', ')}.`,
      )
    const ends = await runWithHooks(model, [{ ids: prompts.clean }, { ids: prompts.corrupted }], {
      metrics: timeMetrics(prompts),
    })
    const [cleanDifference = 0, corruptedDifference = 0] = ends.map(({ values }) => values[0] ?? 0)
    if (!(cleanDifference > corruptedDifference))
      context.note(
        `The clean prompt does not favour the answer more than the corrupted one (${cleanDifference.toFixed(3)} against ${corruptedDifference.toFixed(3)} logits): recovered fractions mean little here.`,
      )
    const cells = FIGURE_SITES.reduce((sum, site) => sum + cellsOf(model, prompts, site), 0)
    const neurons = pairs.reduce((sum, pair) => sum + neuronBases(model, params, pair).patches.length, 0)
    const tally: Tally = { done: 0, total: cells + neurons }
    await runPositions(context, prompts, cleanDifference, tally)
    await runNeurons(context, pairs, tally)
    context.summary({
      'clean logit difference': cleanDifference,
      'corrupted logit difference': corruptedDifference,
      'prompt pairs for neurons': pairs.length,
    })
  },

  async cell(model, params, figure, index) {
    if (figure === 'neuron-effects') return neuronCell(model, params, index)
    const site = FIGURE_SITES.find(id => figure === `recovered-${id}` || figure === `logit-${id}`)
    if (site === undefined) return null
    const prompts = preparePrompts(model, params)
    if (index >= cellsOf(model, prompts, site)) return null
    const { what, interventions } = patchOf(model, prompts, site, index)
    return {
      what: `${what}, taken from ${quote(params.clean)}`,
      ids: prompts.corrupted,
      position: prompts.corrupted.length - 1,
      interventions,
      answer: prompts.answer,
      against: prompts.against,
    }
  },
})

async function runPositions(
  context: StudyContext<typeof TIME_PARAMS>,
  prompts: TimePrompts,
  cleanDifference: number,
  tally: Tally,
): Promise<void> {
  const { model, params } = context
  const patches: CellPatch[] = []
  for (const site of FIGURE_SITES) {
    const recovered = context.figure(figureSpec(model, prompts, params, site, 'recovered'))
    const logit = context.figure(figureSpec(model, prompts, params, site, 'logit'))
    for (let index = 0; index < cellsOf(model, prompts, site); index++)
      patches.push({
        patch: patchOf(model, prompts, site, index),
        isDone: () => recovered.has(index) && logit.has(index),
        // Against the sweep's own base, so that a patch that changes nothing is exactly 0.
        write: ([difference = 0, answer = 0], [before = 0, answerBefore = 0]) => {
          recovered.set(index, (difference - before) / (cleanDifference - before))
          logit.set(index, answer - answerBefore)
        },
      })
  }
  const base: CellBase = { ids: prompts.corrupted, metrics: timeMetrics(prompts), patches }
  await sweepInto(context, [base], tally)
}
