/** Figures of the three studies' shapes, with tokens of many scripts and values that hide nothing. */
import { execFileSync, spawnSync } from 'node:child_process'
import type { FigureSpec } from '../../../studies/figure.ts'
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import type { RunFigure } from '../../../ui/figures/picture.ts'
import { RECORD } from '../../studies/runs/support.ts'

/** Tokens as models have them: markup, several scripts, spaces, quotes, a line end, nothing at all. */
export const TOKENS = [
  '<|bos|>',
  '<b>&amp;',
  ' नमस्ते',
  'हिन्दी',
  '日本語',
  '한국어',
  ' مرحبا',
  'שלום',
  '😀',
  '"a", b',
  'NA',
  '=1+1',
  '\\n{}$%',
  '\n',
  '',
]

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i))

/**
 * From −1 to 1, without a pattern that merges, so that sizes are the worst case. Whole numbers and
 * powers of two only: the same bits in every version of Node, which a sine does not promise.
 */
export const rough = (i: number) => (((i + 1) * 2654435761) % 2 ** 32) / 2 ** 31 - 1

export function figure(spec: Partial<FigureSpec> & Pick<FigureSpec, 'id'>, marked = false): RunFigure {
  const whole: FigureSpec = {
    title: spec.id,
    x: { kind: 'position', label: 'position', ticks: TOKENS },
    y: { kind: 'layer', label: 'layer', ticks: numbers(6) },
    metric: 'recovered logit difference',
    unit: 'fraction',
    scale: 'diverging',
    marks: marked ? [{ symbol: '×', meaning: 'another token comes out on top' }] : [],
    caption: `The ${spec.id} of each layer is taken from “nine o'clock in the morning”. Colour: recovered fraction.`,
    ...spec,
  }
  const count = whole.x.ticks.length * whole.y.ticks.length
  const values = Float64Array.from({ length: count }, (_, i) => (i % 11 === 5 ? Number.NaN : rough(i)))
  return { spec: whole, values, marks: Uint8Array.from(values, value => (marked && value > 0.5 ? 1 : 0)) }
}

const heads: FigureSpec['x'] = { kind: 'head', label: 'head', ticks: numbers(6) }
const neurons = (columns: number, rows: number): Pick<FigureSpec, 'x' | 'y'> => ({
  x: { kind: 'neuron', label: 'neuron, within its row', ticks: numbers(columns).map(i => `+${i}`) },
  y: { kind: 'neuron', label: 'first neuron of the row', ticks: numbers(rows).map(i => `N${Number(i) * columns}`) },
})

/** Layer × position for three places and layer × head: panels of one picture. */
export function timePatching(): RunSnapshot {
  const group = 'Recovered fraction'
  return snapshot([
    figure({ id: 'resid', title: 'residual stream', group }),
    figure({ id: 'attn', title: 'attention output', group }),
    figure({ id: 'mlp', title: 'MLP output', group }),
    figure({ id: 'heads', title: 'heads', group, x: heads }),
  ])
}

/** A layer's neurons as a grid, with marks. */
export function neuronAblation(columns = 128, rows = 4): RunSnapshot {
  return snapshot([figure({ id: 'layer-5', metric: 'ΔP(·sea)', unit: 'probability', ...neurons(columns, rows) }, true)])
}

/** Layer × component for yes, no and their difference: metrics differ, the scale does not. */
export function steering(): RunSnapshot {
  const x: FigureSpec['x'] = { kind: 'component', label: 'component', ticks: ['residual', 'attention', 'MLP'] }
  const metrics = ['Δ log p(yes)', 'Δ log p(no)', 'Δ log p(yes) − Δ log p(no)']
  return snapshot(
    metrics.map((metric, i) => figure({ id: `parts-${i}`, title: metric, metric, unit: 'nats', group: 'layers', x })),
  )
}

export function snapshot(figures: readonly RunFigure[]): RunSnapshot {
  const record = { ...RECORD, params: { prompt: 'the time is 9:00 am', rows: 4 }, tokens: { prompt: [[1, 2, 3]] } }
  return {
    record,
    state: 'done',
    seq: 9,
    figures,
    tables: [],
    notes: [],
    summary: { cells: 12 },
    progress: null,
    error: null,
  }
}

/** Whether a program is installed: tests that need it are skipped, and say so, where it is not. */
export function has(program: string): boolean {
  return spawnSync(program, ['-v'], { stdio: 'ignore' }).error === undefined
}

/** What one of poppler's programs prints. */
export function poppler(program: string, words: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8' })
}
