/**
 * A comparison as a file: panels A, B and A − B on one colour scale through ui/figures, or the numbers
 * behind them. The one way that the command line and the server share, so that both give the same bytes.
 */
import { StudyError, UsageError } from '../../engine/errors.ts'
import type { RunSnapshot } from '../../studies/runs/events.ts'
import { exportData } from '../figures/export-data.ts'
import { exportPicture, type PictureFile, type PictureOptions } from '../figures/export-picture.ts'
import { PICTURE_FORMATS } from '../figures/picture-formats.ts'
import { isRefused } from './align.ts'
import { alignFigures, type ComparedPanel, comparableFigures, comparePanels, figuresOf } from './figures.ts'
import { differencesInWords, likewise, parameterRows } from './parameters.ts'
import { letterOf, MAX_SIDES, type Side, spoken } from './side.ts'

export const COMPARISON_FORMATS = [...PICTURE_FORMATS, 'csv', 'json'] as const
export type ComparisonFormat = (typeof COMPARISON_FORMATS)[number]

export interface ComparisonOptions extends Omit<PictureOptions, 'panels' | 'facts' | 'annotations' | 'view'> {
  /** Leaves the runs' own panels out: the differences fill the colour scale. @default false */
  readonly differenceOnly?: boolean
}

export interface ComparisonFile {
  readonly content: Buffer
  /** What the reader should know: how axes were aligned, characters that no font has. */
  readonly notes: readonly string[]
}

export interface FigureComparison {
  readonly id: string
  readonly title: string
  readonly panels: readonly ComparedPanel[]
  readonly notes: readonly string[]
}

/** @throws StudyError where the runs have no such figure, or their axes do not match: its message is the reason */
export function compareFigure(sides: readonly Side[], figure: string): FigureComparison {
  const [first] = sides
  if (sides.length < 2 || sides.length > MAX_SIDES || first === undefined) {
    throw new UsageError(`compare: expected 2 to ${MAX_SIDES} runs, got ${sides.length}`)
  }
  const figures = figuresOf(sides, figure)
  if (isRefused(figures)) throw new StudyError(`compare ${figure}: ${figures.refused}`)
  const alignment = alignFigures(figures.map(({ spec }) => spec))
  if (isRefused(alignment)) throw new StudyError(`compare ${figure}: ${alignment.refused}`)
  const title = comparableFigures([first]).find(({ id }) => id === figure)?.title ?? figure
  return { id: figure, title, panels: comparePanels(alignment, figures), notes: alignment.notes }
}

/** The file's name without its ending. */
export function comparisonName(runs: readonly string[], figure: string): string {
  return `${runs.join('-vs-')}-${figure}`
}

/** @throws StudyError as `compareFigure`, and UsageError as `exportPicture` */
export async function exportComparison(
  sides: readonly Side[],
  figure: string,
  format: ComparisonFormat,
  { differenceOnly = false, ...options }: ComparisonOptions = {},
): Promise<ComparisonFile> {
  const whole = compareFigure(sides, figure)
  const panels = whole.panels.filter(({ difference }) => difference || !differenceOnly)
  const comparison = { ...whole, panels }
  if (format === 'json') return { content: comparisonJson(sides, comparison), notes: whole.notes }
  const snapshot = asSnapshot(sides, comparison)
  if (format === 'csv') return { content: exportData(snapshot, 'csv'), notes: whole.notes }
  const made: PictureFile = await exportPicture(snapshot, panels[0]?.spec.id ?? figure, format, {
    pdfFile: `${snapshot.record.id}.pdf`,
    ...options,
    panels: true,
    facts: facts(sides, panels),
  })
  return { content: made.content, notes: [...whole.notes, ...made.notes] }
}

/** What draws a run's figures draws these: panels of one group, so on one scale. */
function asSnapshot(sides: readonly Side[], { id, title, panels }: FigureComparison): RunSnapshot {
  const [first] = sides
  if (first === undefined) throw new UsageError('compare: expected 2 runs or more, got none')
  const group = `${title}: ${spoken(panels.map(({ spec }) => spec.title))}`
  const runs = sides.map(({ record }) => record.id)
  return {
    record: { ...first.record, id: comparisonName(runs, id) },
    state: 'done',
    seq: 0,
    figures: panels.map(panel => ({
      ...panel,
      spec: { ...panel.spec, group, caption: caption(sides, panel, panels[0]) },
    })),
    tables: [],
    notes: [],
    summary: {},
    progress: null,
    error: null,
  }
}

/** What another run shares with the first is said of the first, as long as they ask the same question. */
function caption(sides: readonly Side[], { spec, run, difference }: ComparedPanel, said?: ComparedPanel): string {
  const [first] = sides
  const other = sides[run]
  if (difference || run === 0 || first === undefined || other === undefined) return spec.caption
  if (other.record.study !== first.record.study) return spec.caption
  return likewise(parameterRows([first, other]), said?.spec.caption ?? '')
}

function facts(sides: readonly Side[], panels: readonly ComparedPanel[]): string {
  const models = [...new Set(sides.map(({ record }) => record.model.name))]
  const cells = panels[0]?.values.length ?? 0
  return [
    // Panels of the runs themselves have said what they are of.
    ...(panels.every(({ difference }) => difference) ? [differencesInWords(parameterRows(sides))] : []),
    ...(models.length > 1 ? [] : [`Model: ${models[0]}.`]),
    `n = ${cells.toLocaleString('en')} cells a panel.`,
  ].join(' ')
}

function comparisonJson(sides: readonly Side[], { id, title, panels, notes }: FigureComparison): Buffer {
  const document = {
    patchlight: 1,
    comparison: { figure: id, title },
    runs: sides.map(({ record: { format: _, ...asked }, title: name }, run) => ({
      letter: letterOf(run),
      title: name,
      ...asked,
    })),
    parameters: parameterRows(sides).map(({ label, texts, differs }) => ({ label, values: texts, differs })),
    notes,
    figures: panels.map(({ spec, values, marks, run, difference }) => ({
      ...spec,
      of: difference ? ['A', letterOf(run)] : [letterOf(run)],
      markMeanings: spec.marks,
      values: [...values],
      marks: [...marks],
    })),
  }
  return Buffer.from(`${JSON.stringify(document)}\n`)
}
