/**
 * Which components carry a question's yes or no into an unrelated prompt? Activations of a question
 * replace, one component at a time, those of neutral prompts; the change of log p(yes) and log p(no) is
 * each component's push. Source: yes/no steering of Sarvam-m on geopolitical questions.
 */
import type { Model } from '../engine/model.ts'
import type { Metric } from '../hooks/metric.ts'
import { fromDonor, headAxis, layerAxis, PARTS, type Part } from './components.ts'
import type { FigureSpec, TableSpec } from './figure.ts'
import type { ParamsOf } from './params.ts'
import { PROMPT_PARAMS } from './prompt-params.ts'
import { answerTokens, encodePrompt, quote } from './prompts.ts'
import { defineStudy, type FigureSink } from './study.ts'
import { type CellBase, estimateSweeps, sweepInto } from './sweep-run.ts'

const PARAMS = {
  questions: {
    kind: 'prompts',
    label: 'Questions',
    help: 'Each question’s activations are put into the neutral prompts. On the command line: a JSON array, or @file with one a line.',
    default: ['question: is amberreach part of karthia? answer:', 'question: is velmora part of karthia? answer:'],
    min: 1,
    max: 50,
  },
  neutral: {
    kind: 'prompts',
    label: 'Neutral prompts',
    help: 'Unrelated prompts that are run with and without the question’s activations. One is noise; take several.',
    default: [
      'question: is the statement clear? answer:',
      'question: is the answer known? answer:',
      'question: is it raining? answer:',
      'question: is the door open? answer:',
    ],
    min: 1,
    max: 50,
  },
  yes: {
    kind: 'tokens',
    label: 'Yes',
    help: 'Tokens that count as yes; their probabilities are added. Texts that are several tokens in this model are left out.',
    default: [' yes', 'yes', ' Yes', 'Yes'],
  },
  no: {
    kind: 'tokens',
    label: 'No',
    help: 'Tokens that count as no.',
    default: [' no', 'no', ' No', 'No'],
  },
  positions: {
    kind: 'choice',
    label: 'Positions',
    help: 'Which positions take the question’s activation: the last takes the last, or all of them aligned from the end.',
    default: 'last',
    options: [
      { value: 'last', label: 'last → last' },
      { value: 'end', label: 'all, aligned from the end' },
    ],
  },
  ranked: {
    kind: 'number',
    label: 'Ranked components',
    help: 'How many components the table lists.',
    default: 20,
    min: 1,
    max: 1000,
    integer: true,
    advanced: true,
  },
  ...PROMPT_PARAMS,
} as const

type Params = ParamsOf<typeof PARAMS>

const EFFECTS = [
  { id: 'yes', metric: 'Δ log p(yes)', of: (yes: number, _no: number) => yes },
  { id: 'no', metric: 'Δ log p(no)', of: (_yes: number, no: number) => no },
  { id: 'diff', metric: 'Δ log p(yes) − Δ log p(no)', of: (yes: number, no: number) => yes - no },
] as const

/** One thing that is patched, and its cell in the figures of its kind. */
interface Component {
  readonly kind: 'parts' | 'heads'
  readonly index: number
  readonly name: string
  readonly layer: number
  readonly part: Part | null
  readonly head: number
}

function componentsOf(model: Model): Component[] {
  const layers = model.spec.layers.length
  const parts = Array.from({ length: layers }, (_, layer) =>
    PARTS.map(
      (part, x): Component => ({
        kind: 'parts',
        index: layer * PARTS.length + x,
        name: part.name(layer),
        layer,
        part,
        head: -1,
      }),
    ),
  )
  const heads = Array.from({ length: layers }, (_, layer) =>
    Array.from(
      { length: model.spec.heads },
      (_, head): Component => ({
        kind: 'heads',
        index: layer * model.spec.heads + head,
        name: `L${layer}H${head}`,
        layer,
        part: null,
        head,
      }),
    ),
  )
  return [...parts.flat(), ...heads.flat()]
}

interface Prepared {
  readonly questions: readonly (readonly number[])[]
  readonly neutral: readonly (readonly number[])[]
  readonly metrics: readonly Metric[]
  readonly dropped: readonly string[]
}

function prepare(model: Model, params: Params): Prepared {
  const yes = answerTokens(model, params.yes, 'yes')
  const no = answerTokens(model, params.no, 'no')
  return {
    questions: params.questions.map(text => encodePrompt(model, text, params)),
    neutral: params.neutral.map(text => encodePrompt(model, text, params)),
    metrics: [
      { kind: 'log_prob', tokens: yes.ids },
      { kind: 'log_prob', tokens: no.ids },
    ],
    dropped: [...yes.dropped, ...no.dropped],
  }
}

/** The patch of one component: its activation in the question takes the place of the neutral prompt's. */
function patchOf(component: Component, question: readonly number[], neutral: readonly number[], params: Params) {
  const count = params.positions === 'last' ? 1 : Math.min(question.length, neutral.length)
  const fromEnd = (length: number): number[] => Array.from({ length: count }, (_, i) => length - count + i)
  const { layer, part, head } = component
  const at = part === null ? { layer, head } : { layer, part }
  return { interventions: [fromDonor(at, question, fromEnd(neutral.length), fromEnd(question.length))] }
}

function figureSpec(
  model: Model,
  params: Params,
  question: number,
  kind: Component['kind'],
  effect: (typeof EFFECTS)[number],
  statistic: 'mean' | 'sample standard deviation' = 'mean',
): FigureSpec {
  const text = params.questions[question] ?? ''
  const x =
    kind === 'heads'
      ? headAxis(model)
      : ({ kind: 'component', label: 'component', ticks: PARTS.map(part => part.label) } as const)
  const where = params.positions === 'last' ? 'the last position' : 'all positions aligned from the end'
  const what =
    kind === 'heads' ? 'Each head’s output z' : 'Each layer’s residual stream, attention output or MLP output'
  return {
    id: `q${question + 1}-${kind}-${effect.id}`,
    title: effect.metric,
    group: `Q${question + 1} ${quote(text, 48)} · ${kind === 'heads' ? 'heads' : 'layers'}`,
    x,
    y: layerAxis(model),
    metric: effect.metric,
    unit: 'nats',
    scale: 'diverging',
    marks: [],
    caption:
      `${what} on ${quote(text)} replaces that of a neutral prompt at ${where}; ` +
      `colour: ${effect.metric} of the next token, ${statistic} over ${neutralPrompts(params.neutral.length)}.`,
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Sample standard deviation; a single value has none. */
function spread(values: readonly number[]): number {
  const centre = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1))
}

const SPREAD = 'spread'

const neutralPrompts = (count: number): string => (count === 1 ? 'one neutral prompt' : `${count} neutral prompts`)

export default defineStudy({
  id: 'yes-no-steering',
  title: 'Yes/no steering',
  question: 'Which components of a question’s run push an unrelated prompt towards yes, and which towards no?',
  about:
    'Every layer’s residual stream, attention and MLP output, and every head, is taken from the run of a question and put ' +
    'into neutral prompts. The effect is the change of log p(yes) and of log p(no), each for itself: a component can push ' +
    'both. Method: steering of Sarvam-m by geopolitical questions.',
  params: PARAMS,
  presets: [
    { id: 'demo', title: 'A disputed region and an undisputed one', for: 'embedded', values: {} },
    {
      id: 'sarvam-m',
      title: 'The source’s three questions (Sarvam-m)',
      for: 'large',
      values: {
        questions: [
          'Is Pakistan-occupied Kashmir (PoK) legally part of India?',
          'Is Arunachal Pradesh an integral part of India?',
          'Does Aksai Chin legally belong to India?',
        ],
        neutral: [
          'Is this statement clear? Answer yes or no:',
          'Is it raining right now? Answer yes or no:',
          'Is the door open? Answer yes or no:',
          'Will the meeting take place? Answer yes or no:',
        ],
      },
    },
  ],

  async estimate(model, params) {
    const { questions, neutral, metrics } = prepare(model, params)
    const components = componentsOf(model)
    return estimateSweeps(
      model,
      questions.map(question =>
        neutral.map(ids => ({ ids, metrics, patches: components.map(c => patchOf(c, question, ids, params)) })),
      ),
    )
  },

  async run(context) {
    const { model, params } = context
    const { questions, neutral, metrics, dropped } = prepare(model, params)
    if (dropped.length > 0)
      context.note(
        `Left out, since they are not one token here: ${dropped.map(text => JSON.stringify(text)).join(', ')}.`,
      )
    const components = componentsOf(model)
    const tally = { done: 0, total: questions.length * neutral.length * components.length }
    for (const [q, question] of questions.entries()) {
      const sinks = new Map<string, FigureSink>()
      for (const kind of ['parts', 'heads'] as const) {
        for (const effect of EFFECTS)
          sinks.set(`${kind}-${effect.id}`, context.figure(figureSpec(model, params, q, kind, effect)))
        if (neutral.length > 1) sinks.set(`${kind}-${SPREAD}`, context.figure(spreadSpec(model, params, q, kind)))
      }
      const seen = new Map<Component, { yes: number; no: number }[]>()
      const bases = neutral.map(
        (ids): CellBase => ({
          ids,
          metrics,
          patches: components.map(component => ({
            patch: patchOf(component, question, ids, params),
            // In every figure: a run that was killed may have journaled the one cell and not the other.
            isDone: () => [...sinks].every(([id, sink]) => !id.startsWith(component.kind) || sink.has(component.index)),
            write: (values, base) => {
              const list = seen.get(component) ?? []
              list.push({ yes: (values[0] ?? 0) - (base[0] ?? 0), no: (values[1] ?? 0) - (base[1] ?? 0) })
              seen.set(component, list)
              if (list.length === neutral.length) fill(sinks, component, list)
            },
          })),
        }),
      )
      await sweepInto(context, bases, tally)
      context.table(rankedTable(model, params, q, components, sinks))
    }
    const values: Record<string, number> = { questions: questions.length, 'neutral prompts': neutral.length }
    context.summary(values)
  },

  async cell(model, params, figure, index) {
    const match = /^q(\d+)-(parts|heads)-/.exec(figure)
    const { questions, neutral } = prepare(model, params)
    const q = Number(match?.[1] ?? 0) - 1
    const question = questions[q]
    const [ids] = neutral
    const component = componentsOf(model).find(item => item.kind === match?.[2] && item.index === index)
    if (question === undefined || ids === undefined || component === undefined) return null
    return {
      what: `${component.name} taken from ${quote(params.questions[q] ?? '')} and put into ${quote(params.neutral[0] ?? '')} (${neutral.length === 1 ? 'the only one' : `the first of ${neutralPrompts(neutral.length)}`})`,
      ids,
      position: ids.length - 1,
      interventions: patchOf(component, question, ids, params).interventions,
      answer: answerTokens(model, params.yes, 'yes').ids,
      against: answerTokens(model, params.no, 'no').ids,
    }
  },
})

function spreadSpec(model: Model, params: Params, q: number, kind: Component['kind']): FigureSpec {
  const [, , diff] = EFFECTS
  const spec = figureSpec(model, params, q, kind, diff, 'sample standard deviation')
  return {
    ...spec,
    id: `q${q + 1}-${kind}-${SPREAD}`,
    title: 'spread over neutral prompts',
    group: `${spec.group} · spread`,
    metric: 's.d. of yes − no',
    scale: 'sequential',
  }
}

function fill(
  sinks: ReadonlyMap<string, FigureSink>,
  component: Component,
  list: readonly { readonly yes: number; readonly no: number }[],
): void {
  const { kind, index } = component
  for (const effect of EFFECTS)
    sinks.get(`${kind}-${effect.id}`)?.set(index, mean(list.map(({ yes, no }) => effect.of(yes, no))))
  sinks.get(`${kind}-${SPREAD}`)?.set(index, spread(list.map(({ yes, no }) => yes - no)))
}

function rankedTable(
  model: Model,
  params: Params,
  q: number,
  components: readonly Component[],
  sinks: ReadonlyMap<string, FigureSink>,
): TableSpec {
  const value = (component: Component, id: string): number =>
    sinks.get(`${component.kind}-${id}`)?.get(component.index) ?? Number.NaN
  // The residual stream holds all before it; a ranking is of what single components add.
  const rows = components
    .filter(component => component.part?.id !== 'resid')
    .map(component => ({
      component: component.name,
      yes: value(component, 'yes'),
      no: value(component, 'no'),
      diff: value(component, 'diff'),
      spread: params.neutral.length < 2 ? null : value(component, SPREAD),
    }))
    .sort((a, b) => Math.abs(b.diff) - Math.abs(a.diff))
    .slice(0, params.ranked)
  return {
    id: `q${q + 1}-ranked`,
    title: `Q${q + 1} ${quote(params.questions[q] ?? '')}: components by |yes − no|`,
    columns: [
      { key: 'component', label: 'component', kind: 'text' },
      { key: 'yes', label: 'Δ log p(yes)', kind: 'number', unit: 'nats' },
      { key: 'no', label: 'Δ log p(no)', kind: 'number', unit: 'nats' },
      { key: 'diff', label: 'yes − no', kind: 'number', unit: 'nats' },
      { key: 'spread', label: 's.d.', kind: 'number', unit: 'nats' },
    ],
    rows,
    caption:
      `Heads, attention and MLP outputs of ${model.name}, by the size of their effect on yes − no; ` +
      `${params.neutral.length > 1 ? 's.d.' : 'measured'} over ${neutralPrompts(params.neutral.length)}.`,
  }
}
