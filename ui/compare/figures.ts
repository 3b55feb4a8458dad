/**
 * One figure of several runs side by side: each run's cells on the axes that they share, and the first
 * run minus each of the others. Alignment depends on the figures' axes alone, so whoever draws a run
 * that is still filling aligns once and fills in as cells come. Pure.
 */
import type { FigureSpec } from '../../studies/figure.ts'
import { type ColourRange, colourRange, type Scale } from '../figures/colours.ts'
import { type AlignedAxis, alignAxes, isRefused, type Refused } from './align.ts'
import { letterOf, type Side, type SideFigure, spoken } from './side.ts'

/** A figure's axes in several runs, aligned. */
export interface Alignment {
  readonly x: AlignedAxis
  readonly y: AlignedAxis
  /** For each run, its own cell of each aligned cell. */
  readonly cells: readonly Int32Array[] // [run][y · x]
  readonly panels: readonly PanelSpec[]
  readonly notes: readonly string[]
}

interface PanelSpec {
  readonly spec: FigureSpec
  /** The run that it shows, or the run that it takes away from the first. */
  readonly run: number
  readonly difference: boolean
}

export interface ComparedPanel extends PanelSpec {
  /** NaN where a run has no value (yet). */
  readonly values: Float64Array // [y · x]
  readonly marks: Uint8Array // [y · x]
}

/** `one`: equal colours mean equal values in all panels. `own`: differences have a scale of their own. */
export const SCALE_MODES = ['one', 'own'] as const
export type ScaleMode = (typeof SCALE_MODES)[number]

export interface PanelColours {
  readonly scale: Scale
  readonly range: ColourRange
}

/** Figures that at least one run has, in the order of the runs. */
export function comparableFigures(sides: readonly Side[]): readonly { readonly id: string; readonly title: string }[] {
  const found = new Map<string, string>()
  for (const { figures } of sides) {
    for (const { spec } of figures) {
      const title = spec.group === undefined ? spec.title : `${spec.group} · ${spec.title}`
      if (!found.has(spec.id)) found.set(spec.id, title)
    }
  }
  return [...found].map(([id, title]) => ({ id, title }))
}

/** The figure of that id in each run, or the sentence that says which lacks it. */
export function figuresOf(sides: readonly Side[], id: string): readonly SideFigure[] | Refused {
  const found = sides.map(({ figures }) => figures.find(({ spec }) => spec.id === id))
  const lacking = found.flatMap((figure, run) => (figure === undefined ? [letterOf(run)] : []))
  if (lacking.length === 0) return found.filter(figure => figure !== undefined)
  const have = lacking.length === 1 ? 'has' : 'have'
  const others = comparableFigures(sides).filter(one =>
    sides.every(({ figures }) => figures.some(({ spec }) => spec.id === one.id)),
  )
  const instead = others.length === 0 ? '' : ` All of them have ${spoken(others.slice(0, 4).map(one => one.id))}.`
  return { refused: `${spoken(lacking)} ${have} no figure ${id}.${instead}` }
}

/** @param specs one a run, in the runs' order; at least two */
export function alignFigures(specs: readonly FigureSpec[]): Alignment | Refused {
  const [first, ...others] = specs
  if (first === undefined || others.length === 0) return { refused: 'A comparison needs two runs or more.' }
  const other = others.findIndex(({ unit }) => unit !== first.unit)
  if (other >= 0) {
    const unit = others[other]?.unit
    return { refused: `A is in ${first.unit}, ${letterOf(other + 1)} in ${unit}: there is no difference of the two.` }
  }
  const x = alignAxes([first.x, ...others.map(spec => spec.x)])
  if (isRefused(x)) return x
  const y = alignAxes([first.y, ...others.map(spec => spec.y)])
  if (isRefused(y)) return y
  const cells = specs.map((spec, run) => {
    const columns = spec.x.ticks.length
    const across = x.ticks[run] ?? []
    const down = y.ticks[run] ?? []
    return Int32Array.from({ length: across.length * down.length }, (_, cell) => {
      const row = down[Math.floor(cell / across.length)] ?? 0
      return row * columns + (across[cell % across.length] ?? 0)
    })
  })
  const notes = [...y.notes, ...x.notes]
  const metrics = new Set(specs.map(({ metric }) => metric))
  if (metrics.size > 1) {
    notes.push(
      `The runs measure different things: ${specs.map((spec, run) => `${letterOf(run)} ${spec.metric}`).join(', ')}.`,
    )
  }
  return { x, y, cells, notes, panels: panelSpecs(specs, x, y, notes) }
}

function panelSpecs(
  specs: readonly FigureSpec[],
  x: AlignedAxis,
  y: AlignedAxis,
  notes: readonly string[],
): readonly PanelSpec[] {
  const axes = { x: x.axis, y: y.axis }
  const runs = specs.map((spec, run): PanelSpec => {
    const letter = letterOf(run)
    const { group: _, ...rest } = spec
    return {
      run,
      difference: false,
      spec: {
        ...rest,
        ...axes,
        id: `${spec.id}-${letter.toLowerCase()}`,
        title: letter,
      },
    }
  })
  const [first] = specs
  if (first === undefined) return runs
  const differences = specs.slice(1).map((spec, i): PanelSpec => {
    const letter = letterOf(i + 1)
    return {
      run: i + 1,
      difference: true,
      spec: {
        ...axes,
        id: `${first.id}-a-minus-${letter.toLowerCase()}`,
        title: `A − ${letter}`,
        metric: spec.metric === first.metric ? first.metric : `${first.metric} − ${spec.metric}`,
        unit: first.unit,
        scale: 'diverging',
        marks: [],
        caption: ['Cell by cell.', ...(i === specs.length - 2 ? notes : [])].join(' '),
      },
    }
  })
  return [...runs, ...differences]
}

/** The panels with what is known of their cells. */
export function comparePanels({ panels, cells }: Alignment, figures: readonly SideFigure[]): readonly ComparedPanel[] {
  const values = cells.map((own, run) => Float64Array.from(own, cell => figures[run]?.values[cell] ?? Number.NaN))
  const [first = new Float64Array()] = values
  return panels.map((panel): ComparedPanel => {
    const mine = values[panel.run] ?? new Float64Array()
    if (panel.difference) {
      return {
        ...panel,
        values: first.map((value, i) => value - (mine[i] ?? Number.NaN)),
        marks: new Uint8Array(first.length),
      }
    }
    const own = cells[panel.run] ?? new Int32Array()
    return { ...panel, values: mine, marks: Uint8Array.from(own, cell => figures[panel.run]?.marks[cell] ?? 0) }
  })
}

/** How each panel's values become colours, in the panels' order. */
export function panelColours(panels: readonly ComparedPanel[], mode: ScaleMode): readonly PanelColours[] {
  const rangeOf = (scale: Scale, of: readonly ComparedPanel[]): PanelColours => ({
    scale,
    range: colourRange(scale, ...of.map(({ values }) => values)),
  })
  if (mode === 'one') {
    const all = rangeOf('diverging', panels)
    return panels.map(() => all)
  }
  const runs = panels.filter(({ difference }) => !difference)
  const scale = runs.some(({ spec }) => spec.scale === 'diverging') ? 'diverging' : 'sequential'
  const shared = rangeOf(scale, runs)
  const differences = rangeOf(
    'diverging',
    panels.filter(({ difference }) => difference),
  )
  return panels.map(({ difference }) => (difference ? differences : shared))
}
