/**
 * A neuron over the prompts of its study: its activation at every token, and the tokens that its
 * output weights promote and demote.
 */
import { internalError, ShapeError } from '../../../engine/errors.ts'
import type { Model } from '../../../engine/model.ts'
import { pointOf, siteExists } from '../../../engine/points.ts'
import type { NormSpec } from '../../../engine/spec.ts'
import { runWithHooks } from '../../../hooks/hooked.ts'
import type { HookFunction } from '../../../hooks/lane-tap.ts'
import { largest } from '../../../hooks/largest.ts'
import { type NormScales, neuronLogits } from '../../../hooks/neuron-writes.ts'
import type { ParamSchema, ParamValue } from '../../params.ts'
import { promptOptionsOf } from '../../prompt-params.ts'
import { tokenizePrompt } from '../../prompts.ts'
import type { CellQuestion } from '../../study.ts'
import { promptTexts } from '../prompt-texts.ts'
import { finite } from '../top-tokens.ts'
import { absolute } from './detail.ts'
import type { CellAddress, CellNeuron, NeuronPrompt, NeuronQuestion, Reading, WrittenToken } from './types.ts'
import { MAX_STRIP_TOKENS, tokenWindow } from './window.ts'

/** What a reader looks through, and a large model runs in seconds. */
const MAX_PROMPTS = 40
const MAX_TOKENS = 4096
const LISTED = 10

/** Activations of one prompt, [pos] each: without a patch, and with it where there is one. */
type Sides = readonly (readonly Reading[])[]

export interface StudyPrompts {
  readonly schema: ParamSchema
  readonly params: Readonly<Record<string, ParamValue>>
}

/** @throws ShapeError for a layer, neuron or expert that the model does not have */
export async function cellNeuron(
  model: Model,
  cell: CellAddress,
  question: CellQuestion,
  asked: NeuronQuestion,
  study: StudyPrompts,
  signal?: AbortSignal,
): Promise<CellNeuron> {
  const point = pointOfNeuron(model, asked)
  const { ids, interventions } = question
  const position = absolute(question)
  const options = signal === undefined ? {} : { signal }
  const { chosen, leftOut } = promptsOf(model, study, ids)
  const read = { point, neuron: asked.neuron }
  const { found: own, divided } = await ownRuns(model, read, question, asked.layer, position, options)
  const others = await activations(model, read, chosen, options)
  const shown = (name: string, prompt: readonly number[], last: number, sides: Sides): NeuronPrompt => {
    const window = tokenWindow(model.tokenizer, prompt, last, MAX_STRIP_TOKENS)
    const within = (values: readonly Reading[]) => values.slice(window.from, window.from + window.labels.length)
    const [before = [], after] = sides
    return { name, window, before: within(before), after: after === undefined ? null : within(after) }
  }
  const prompts = [
    shown('this cell', ids, position, interventions.length > 0 ? own : own.slice(0, 1)),
    ...chosen.map(({ name, ids: other }, i) => shown(name, other, other.length - 1, others.slice(i, i + 1))),
  ]
  const logits = await neuronLogits(model, asked, divided)
  const written = (order: readonly number[]): WrittenToken[] =>
    order.map(id => ({ id, label: model.tokenizer.label(id), logit: logits[id] ?? 0 }))
  return {
    ...cell,
    ...asked,
    point,
    prompts,
    leftOut,
    promoted: written(largest(logits, LISTED)),
    demoted: written(
      largest(
        logits.map(logit => -logit),
        LISTED,
      ),
    ),
    how: howSentence(model, position, divided),
  }
}

function pointOfNeuron({ spec }: Model, { layer, neuron, expert }: NeuronQuestion): string {
  const check = (what: string, index: number, count: number) => {
    if (!Number.isInteger(index) || index < 0 || index >= count)
      throw new ShapeError(`neuron view: expected ${what} from 0 to ${count - 1}, got ${index}`)
  }
  check('a layer', layer, spec.layers.length)
  const site = expert === undefined ? 'mlp_post' : 'expert_post'
  if (!siteExists(spec, site, layer))
    throw new ShapeError(
      expert === undefined
        ? `neuron view: expected an expert for layer ${layer}, whose MLP is a mixture of experts, got none`
        : `neuron view: expected no expert for layer ${layer}, whose MLP is dense, got ${expert}`,
    )
  if (expert !== undefined) check('an expert', expert, spec.experts?.count ?? 0)
  check('a neuron', neuron, expert === undefined ? spec.dMlp : (spec.experts?.dExpert ?? 0))
  return pointOf(site, layer, expert).name
}

interface Column {
  readonly point: string
  readonly neuron: number
}

/**
 * One neuron's activation at every token of a run: [pos], filled when the run is made. A function picks
 * the column out of the tensor: copied whole, a long prompt's activations would be a hundred megabytes.
 */
function columnReader(model: Model, { point, neuron }: Column) {
  const values: Reading[] = []
  const run: HookFunction = activation => {
    const width = activation.shape.at(-1) ?? 1
    const all = model.backend.view(activation)
    for (let at = neuron; at < all.length; at += width) values.push(finite(all[at] ?? Number.NaN))
  }
  return { values, functions: [{ at: point, run }] }
}

async function activations(
  model: Model,
  column: Column,
  prompts: readonly { readonly ids: readonly number[] }[],
  options: { readonly signal?: AbortSignal },
): Promise<readonly (readonly Reading[])[]> {
  const readers = prompts.map(() => columnReader(model, column))
  const runs = prompts.map(({ ids }, i) => ({ ids, functions: readers[i]?.functions ?? [] }))
  await runWithHooks(model, runs, options)
  return readers.map(({ values }) => values)
}

/** The cell's own prompt without and with its patch, and what the norms divide by without it. */
async function ownRuns(
  model: Model,
  column: Column,
  { ids, interventions }: CellQuestion,
  layer: number,
  position: number,
  options: { readonly signal?: AbortSignal },
): Promise<{ found: readonly (readonly Reading[])[]; divided: NormScales }> {
  const { spec } = model
  const last = pointOf('resid_post', spec.layers.length - 1).name
  const mlpOut = spec.postNorm ? pointOf('ln2_post_scale', layer).name : null
  const readers = [columnReader(model, column), columnReader(model, column)] as const
  const runs = [
    { ids, functions: readers[0].functions },
    { ids, interventions, functions: readers[1].functions },
  ]
  const [output] = await runWithHooks(model, runs, {
    capture: mlpOut === null ? [last] : [last, mlpOut],
    capturePositions: position,
    ...options,
  })
  if (output === undefined) throw internalError('a pass without output')
  return {
    found: readers.map(({ values }) => values),
    divided: {
      final: normDivisor(output.capture.get(last).data, spec.norm),
      mlpOut: mlpOut === null ? null : (output.capture.get(mlpOut).data[0] ?? Number.NaN),
    },
  }
}

/**
 * What the final norm divides a row of the stream by. Its own hook point would tell too, but watching
 * it makes a pass unembed every position.
 */
function normDivisor(row: Float32Array, { kind, eps }: NormSpec): number {
  const mean = kind === 'layer' ? row.reduce((sum, value) => sum + value, 0) / row.length : 0
  return Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length + eps)
}

function howSentence({ spec }: Model, position: number, { final, mlpOut }: NormScales): string {
  const centred = spec.norm.kind === 'layer' ? ', centred' : ''
  const post =
    mlpOut === null ? '' : `, through the norm on the MLP’s output (its weight; its divisor ${mlpOut.toPrecision(3)})`
  return (
    `The neuron’s row of W_out${centred}${post}, times the final norm’s weight, divided by what that norm divides by at ` +
    `position ${position} of this prompt without the patch (${final.toPrecision(3)}), times the unembedding: logits for each unit of ` +
    'activation, less their mean over the vocabulary. Its direct effect only: what later layers make of it is not in it' +
    (spec.logitSoftCap === null ? '.' : ', and neither is the soft-cap on the logits.')
  )
}

/** The study's prompts but for the cell's own, each once, in the order of its parameters, as far as the limits go. */
function promptsOf(model: Model, { schema, params }: StudyPrompts, own: readonly number[]) {
  const options = promptOptionsOf(schema, params)
  const seen = new Set<string>()
  const all = promptTexts(schema, params).filter(({ text }) => text.trim() !== '' && !seen.has(text) && seen.add(text))
  const chosen: { readonly name: string; readonly ids: readonly number[] }[] = []
  let tokens = 0
  let leftOut = 0
  for (const { key, text } of all) {
    const { ids } = tokenizePrompt(model.tokenizer, text, options)
    if (ids.join() === own.join()) continue
    const fits = ids.length > 0 && ids.length <= model.spec.maxPositions && tokens + ids.length <= MAX_TOKENS
    if (!fits || chosen.length === MAX_PROMPTS) {
      leftOut++
      continue
    }
    tokens += ids.length
    chosen.push({ name: schema[key]?.label ?? key, ids })
  }
  return { chosen, leftOut }
}
