/**
 * Which components tell the answer, and which tell those that do? Each head's output and each MLP's
 * output is taken from the clean prompt, everything between is held as the corrupted prompt has it,
 * and the change reaches the chosen receivers only. Source: path patching of Goldowsky-Dill et al.
 * 2023; the receivers of heads' inputs after Wang et al. 2022 (see `hooks/path-patching.ts`).
 */
import type { Model } from '../engine/model.ts'
import { runWithHooks } from '../hooks/hooked.ts'
import { type PathQuestion, type PathSender, pathOutline, pathPatches } from '../hooks/path-patching.ts'
import { headAxis } from './components.ts'
import type { FigureSpec } from './figure.ts'
import { PATH_PARAMS, type PathParams, parsePosition, parseReceivers } from './path-params.ts'
import { quote } from './prompts.ts'
import { defineStudy, type FigureSink, type StudyContext } from './study.ts'
import { type CellBase, estimateSweeps, sweepInto } from './sweep-run.ts'
import { preparePrompts, type TimePrompts, timeMetrics } from './time-prompts.ts'

const FIGURES = ['heads', 'mlps'] as const
type FigureId = (typeof FIGURES)[number]

interface Prepared {
  readonly prompts: TimePrompts
  /** Without its senders. */
  readonly question: Omit<PathQuestion, 'senders'>
  /** Layers whose components can reach a receiver: 0 up to this one. */
  readonly layers: number
}

function prepare(model: Model, params: PathParams): Prepared {
  const prompts = preparePrompts(model, params)
  const receivers = parseReceivers(model, params.receivers)
  const { length } = prompts.corrupted
  const positions = parsePosition(params.position, length, receivers.length === 0)
  return {
    prompts,
    question: { base: prompts.corrupted, donor: prompts.clean, receivers, positions },
    layers: receivers.length === 0 ? model.spec.layers.length : Math.max(...receivers.map(({ layer }) => layer)),
  }
}

/** The sender of a cell. */
function senderAt(model: Model, figure: FigureId, index: number): PathSender {
  const { heads } = model.spec
  return figure === 'mlps' ? { layer: index, head: null } : { layer: Math.floor(index / heads), head: index % heads }
}

function sendersOf(model: Model, figure: FigureId, layers: number): PathSender[] {
  const count = figure === 'mlps' ? layers : layers * model.spec.heads
  return Array.from({ length: count }, (_, index) => senderAt(model, figure, index))
}

function nameOf({ layer, head }: PathSender): string {
  return head === null ? `MLP ${layer}` : `L${layer}H${head}`
}

function receiversText({ receivers }: Pick<PathQuestion, 'receivers'>): string {
  if (receivers.length === 0) return 'the logits directly'
  return receivers.map(({ layer, head, input }) => `L${layer}H${head}.${input}`).join(', ')
}

function figureSpec(model: Model, params: PathParams, { question, layers }: Prepared, id: FigureId): FigureSpec {
  const list = (texts: readonly string[]) => texts.map(text => `“${text}”`).join(', ')
  const where = question.positions === 'all' ? 'all positions' : `position ${question.positions}`
  return {
    id,
    title: id === 'heads' ? 'heads' : 'MLPs',
    group: `Sent to ${receiversText(question)}`,
    x: id === 'heads' ? headAxis(model) : { kind: 'component', label: 'component', ticks: ['MLP'] },
    y: { kind: 'layer', label: 'sender’s layer', ticks: Array.from({ length: layers }, (_, layer) => String(layer)) },
    metric: 'recovered logit difference',
    unit: 'fraction',
    scale: 'diverging',
    marks: [],
    caption:
      `${id === 'heads' ? 'Each head’s output z' : 'Each MLP’s output'} at ${where} of ${quote(params.corrupted, 80)} is ` +
      `taken from ${quote(params.clean, 80)}; all other heads and MLPs are held, and the change reaches ` +
      `${question.receivers.length === 0 ? 'the logits directly' : `only ${receiversText(question)}`}. Colour: (patched − ` +
      'corrupted) / (clean − corrupted) of the logit difference between ' +
      `${list(params.answer)} and ${list(params.against)}; 1 restores the clean run.`,
  }
}

export default defineStudy({
  id: 'path-patching',
  title: 'Path patching',
  question: 'Which heads and MLPs tell the answer, and which tell the heads that do?',
  about:
    'A sender’s activation is taken from the clean prompt, every other head and MLP is held at what the corrupted prompt ' +
    'gives, and the change reaches chosen receivers only: the logits, or queries, keys or values of chosen heads, whose new ' +
    'values are then put into an otherwise free corrupted run. So direct effects are told from those through others. Method: ' +
    'Goldowsky-Dill et al. 2023 and Wang et al. 2022; unlike the latter, MLPs between sender and receiver are held too.',
  params: PATH_PARAMS,
  presets: [
    { id: 'demo', title: 'Who tells the logits “morning”', for: 'embedded', values: {} },
    {
      id: 'demo-keys',
      title: 'What tells the head that fetches “am” where it stands',
      for: 'embedded',
      values: { receivers: 'L4H0.k' },
    },
    {
      id: 'gpt2-ioi',
      title: 'Indirect objects: who feeds the name movers’ queries (GPT-2 small)',
      for: 'large',
      values: {
        clean: 'When Mary and John went to the store, John gave a drink to',
        corrupted: 'When Mary and John went to the store, Mary gave a drink to',
        answer: [' Mary'],
        against: [' John'],
        receivers: 'L9H6.q, L9H9.q, L10H0.q',
      },
    },
    { id: 'llama-3.2-1b', title: 'Time of day, to the logits (Llama-3.2-1B)', for: 'large', values: {} },
  ],

  async estimate(model, params) {
    const prepared = prepare(model, params)
    const { prompts, question, layers } = prepared
    const senders = FIGURES.flatMap(id => sendersOf(model, id, layers))
    const patches = pathOutline(model.spec, { ...question, senders }).map(interventions => ({ interventions }))
    return estimateSweeps(model, [[{ ids: prompts.corrupted, metrics: timeMetrics(prompts), patches }]])
  },

  async run(context) {
    const { model, params, signal } = context
    const prepared = prepare(model, params)
    const { prompts, question, layers } = prepared
    if (prompts.dropped.length > 0)
      context.note(
        `Left out, since they are not one token here: ${prompts.dropped.map(text => JSON.stringify(text)).join(', ')}.`,
      )
    const metrics = timeMetrics(prompts)
    const ends = await runWithHooks(model, [{ ids: prompts.clean }, { ids: prompts.corrupted }], { metrics })
    const [clean = 0, corrupted = 0] = ends.map(({ values }) => values[0] ?? 0)
    if (!(clean > corrupted))
      context.note(
        `The clean prompt does not favour the answer more than the corrupted one (${clean.toFixed(3)} against ${corrupted.toFixed(3)} logits): recovered fractions mean little here.`,
      )
    const cells = FIGURES.flatMap(id => {
      const sink = context.figure(figureSpec(model, params, prepared, id))
      return sendersOf(model, id, layers).map((sender, index) => ({ sender, sink, index }))
    })
    // A resumed run asks for those only that it has not.
    const open = cells.filter(({ sink, index }) => !sink.has(index))
    const interventions = await pathPatches(model, { ...question, senders: open.map(({ sender }) => sender) }, signal)
    const base: CellBase = {
      ids: prompts.corrupted,
      metrics,
      patches: open.map(({ sink, index }, i) => ({
        patch: { interventions: interventions[i] ?? [] },
        isDone: () => sink.has(index),
        write: ([difference = 0]) => sink.set(index, (difference - corrupted) / (clean - corrupted)),
      })),
    }
    await sweepInto(context, [base], { done: cells.length - open.length, total: cells.length })
    rank(context, cells)
    context.summary({ 'clean logit difference': clean, 'corrupted logit difference': corrupted })
  },

  async cell(model, params, figure, index) {
    const id = FIGURES.find(known => known === figure)
    const { prompts, question, layers } = prepare(model, params)
    if (id === undefined || index >= sendersOf(model, id, layers).length) return null
    const sender = senderAt(model, id, index)
    const [interventions = []] = await pathPatches(model, { ...question, senders: [sender] })
    return {
      what: `${nameOf(sender)} to ${receiversText(question)}, sent from ${quote(params.clean)}`,
      ids: prompts.corrupted,
      position: prompts.corrupted.length - 1,
      interventions,
      answer: prompts.answer,
      against: prompts.against,
    }
  },
})

interface SenderCell {
  readonly sender: PathSender
  readonly sink: FigureSink
  readonly index: number
}

function rank(context: StudyContext<typeof PATH_PARAMS>, cells: readonly SenderCell[]): void {
  const ranked = cells
    .map(({ sender, sink, index }) => ({ sender, recovered: sink.get(index) }))
    .sort((a, b) => Math.abs(b.recovered) - Math.abs(a.recovered))
    .slice(0, context.params.listed)
  context.table({
    id: 'senders',
    title: 'Senders with the largest effect',
    columns: [
      { key: 'sender', label: 'sender', kind: 'text' },
      { key: 'recovered', label: 'recovered', kind: 'number', unit: 'fraction' },
    ],
    rows: ranked.map(({ sender, recovered }) => ({ sender: nameOf(sender), recovered })),
    caption: `The ${ranked.length} of ${cells.length} senders with the largest |recovered fraction|.`,
  })
}
