/**
 * `patchlight compare`: what differs between runs, in words, or figures A, B and A − B as files. The
 * page's comparison and the server's downloads are the same.
 */
import { extname, join } from 'node:path'
import { PatchlightError, StudyError, UsageError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import { readRun, summarize } from '../../studies/runs/folder.ts'
import { NO_META } from '../../studies/runs/meta.ts'
import {
  COMPARISON_FORMATS,
  type ComparisonFormat,
  compareFigure,
  comparisonName,
  exportComparison,
  type FigureComparison,
} from '../compare/export.ts'
import { comparableFigures } from '../compare/figures.ts'
import { parameterRows } from '../compare/parameters.ts'
import { letterOf, type Side, sideOf, spoken } from '../compare/side.ts'
import { parseScale } from '../figures/export-picture.ts'
import { parseWidth } from '../figures/venues.ts'
import { given, JSON_OPTION, RUNS_OPTION } from './common-options.ts'
import { fileStem, placeFor } from './out-place.ts'
import type { Output } from './output.ts'
import { defineCommand } from './parse.ts'
import { findRun } from './run-ref.ts'
import { numberText } from './run-report.ts'
import { textTable } from './text-table.ts'
import { writeWhole } from './write-whole.ts'

const TOP_CELLS = 5
const MAX_VALUE = 60

export const compare = defineCommand({
  name: 'compare',
  summary: 'Compares runs: what differs in their parameters, and their figures as A, B and A − B on one scale.',
  details:
    'Without --format, the differing parameters and the cells that differ most. Figures are aligned by\n' +
    'tokens and components; where axes do not match, the reason is given. tex comes with its PDF.',
  arguments: [
    { name: 'A', help: 'The run that others are taken from: its id, a part of it, last, or its folder.' },
    { name: 'B', help: 'The run to compare it with.' },
  ],
  options: {
    with: { type: 'list', value: 'RUN', help: 'A further run. May be repeated.' },
    figure: { type: 'text', value: 'ID', help: 'One figure. Default: every figure that can be compared.' },
    format: {
      type: 'text',
      value: 'NAME',
      help: `${COMPARISON_FORMATS.join(', ')}. Default: as the name given by --out ends, else a report in words.`,
    },
    out: { type: 'text', value: 'PATH', help: 'File to write, or folder for several. Default: the current folder.' },
    width: { type: 'text', value: 'WIDTH', help: 'Width of the picture, as in export. Default: 6.75in.' },
    'font-size': { type: 'number', value: 'POINTS', min: 4, max: 24, fraction: true, help: 'Labels. Default: 8.' },
    font: { type: 'text', value: 'FILE', help: 'Font file to draw in, before the built-in fonts.' },
    dpi: { type: 'number', value: 'N', min: 72, max: 1200, help: 'Resolution of png. Default: 300.' },
    scale: {
      type: 'text',
      value: 'LOW:HIGH',
      help: 'Values at the ends of the colour scale, such as -1:1. Default: those of the panels’ values.',
    },
    title: { type: 'switch', help: 'Draw the title above the picture.' },
    caption: { type: 'switch', help: 'Draw the caption below the picture.' },
    'difference-only': { type: 'switch', help: 'Leave A and B out: A − B fills the colour scale.' },
    runs: RUNS_OPTION,
    json: JSON_OPTION,
  },
  async run(options, [first = '', second = ''], output) {
    const sides = [first, second, ...options.with].map(reference => {
      const { runsDir, id } = findRun(reference, options.runs)
      const snapshot = readRun(join(runsDir, id))
      return sideOf(snapshot, summarize(snapshot.record, snapshot.state, snapshot.progress, NO_META).title)
    })
    const format = formatOf(options.format, options.out)
    const { figures, refused } = comparable(sides, options.figure)
    if (format === null) {
      if (options.json) output.json(reportDocument(sides, figures, refused))
      else printComparison(sides, figures, refused, output)
      return 0
    }
    if (figures.length === 0) throw new StudyError(refused.join(' ') || 'compare: these runs have no figures yet')
    const ids = sides.map(({ record }) => record.id)
    const notes = new Set(options.figure === undefined ? refused : [])
    const files: { name: string; content: Buffer }[] = []
    const formats: readonly ComparisonFormat[] = format === 'tex' ? ['tex', 'pdf'] : [format]
    for (const { id } of figures) {
      const name = (figures.length === 1 ? fileStem(options.out) : null) ?? comparisonName(ids, id)
      for (const each of formats) {
        const made = await exportComparison(sides, id, each, {
          title: options.title,
          caption: options.caption,
          differenceOnly: options['difference-only'],
          pdfFile: `${name}.pdf`,
          ...given('widthIn', options.width === undefined ? undefined : parseWidth(options.width)),
          ...given('fontPt', options['font-size']),
          ...given('scale', options.scale === undefined ? undefined : parseScale(options.scale)),
          ...given('font', options.font),
          ...given('dpi', options.dpi),
        })
        files.push({ name: `${name}.${each}`, content: made.content })
        for (const note of made.notes) notes.add(note)
      }
    }
    const several = files.filter(({ name }) => extname(name) === `.${format}`).length > 1
    const folder = placeFor('compare', options.out, '.', several)
    const written = files.map(({ name, content }) => ({
      path: writeWhole(folder, name, content),
      bytes: content.length,
    }))
    if (options.json) output.json({ runs: ids, format, files: written, notes: [...notes] })
    else for (const { path, bytes } of written) output.line(`${path}  ${(bytes / 1000).toFixed(1)} kB`)
    for (const note of notes) output.say(note)
    return 0
  },
})

/**
 * Figures that can be compared, and why others cannot.
 * @throws StudyError with the reason, where one figure was asked for
 */
function comparable(
  sides: readonly Side[],
  figure: string | undefined,
): { figures: readonly FigureComparison[]; refused: readonly string[] } {
  if (figure !== undefined) return { figures: [compareFigure(sides, figure)], refused: [] }
  const figures: FigureComparison[] = []
  // By reason: a run has dozens of figures, and one reason often holds for many.
  const refused = new Map<string, readonly string[]>()
  const refuse = (id: string, reason: string) => refused.set(reason, [...(refused.get(reason) ?? []), id])
  for (const { id } of comparableFigures(sides)) {
    const lacking = sides.flatMap((side, run) =>
      side.figures.some(({ spec }) => spec.id === id) ? [] : [letterOf(run)],
    )
    if (lacking.length > 0) {
      refuse(id, `${spoken(lacking)} ${lacking.length === 1 ? 'has' : 'have'} no such figure.`)
      continue
    }
    try {
      figures.push(compareFigure(sides, id))
    } catch (error) {
      if (!(error instanceof PatchlightError) || error instanceof UsageError) throw error
      refuse(id, error.message.replace(`compare ${id}: `, ''))
    }
  }
  return { figures, refused: [...refused].map(([reason, ids]) => `${ids.join(', ')}: ${reason}`) }
}

function formatOf(asked: string | undefined, out: string | undefined): ComparisonFormat | null {
  const ending = out === undefined ? '' : extname(out).slice(1).toLowerCase()
  const name = asked ?? ending
  if (name === '' && out === undefined) return null
  const found = COMPARISON_FORMATS.find(format => format === (name === '' ? 'pdf' : name))
  if (found !== undefined) return found
  throw new UsageError(
    `compare --format: expected one of ${COMPARISON_FORMATS.join(', ')}, got ${name}; the nearest is ${nearest(name, COMPARISON_FORMATS, 1).join()}`,
  )
}

function reportDocument(sides: readonly Side[], figures: readonly FigureComparison[], refused: readonly string[]) {
  return {
    runs: sides.map(({ record, title }, run) => ({ letter: letterOf(run), id: record.id, title })),
    differing: parameterRows(sides)
      .filter(({ differs }) => differs)
      .map(({ label, texts }) => ({ label, values: texts })),
    figures: figures.map(({ id, title, panels, notes }) => ({
      figure: id,
      title,
      notes,
      differences: panels
        .filter(({ difference }) => difference)
        .map(panel => ({ of: ['A', letterOf(panel.run)], unit: panel.spec.unit, strongest: strongest(panel) })),
    })),
    refused,
  }
}

interface StrongCell {
  readonly row: string
  readonly column: string
  readonly value: number
}

function strongest({ spec, values }: FigureComparison['panels'][number]): readonly StrongCell[] {
  const columns = spec.x.ticks.length
  return [...values.keys()]
    .filter(index => !Number.isNaN(values[index]) && values[index] !== 0)
    .sort((a, b) => Math.abs(values[b] ?? 0) - Math.abs(values[a] ?? 0))
    .slice(0, TOP_CELLS)
    .map(index => ({
      row: `${spec.y.label} ${spec.y.ticks[Math.floor(index / columns)]}`,
      column: `${spec.x.label} ${spec.x.ticks[index % columns]}`,
      value: values[index] ?? Number.NaN,
    }))
}

function printComparison(
  sides: readonly Side[],
  figures: readonly FigureComparison[],
  refused: readonly string[],
  output: Output,
): void {
  sides.forEach(({ record, title }, run) => {
    output.line(`${output.bold(letterOf(run))}  ${record.studyTitle} on ${record.model.name}: ${title}`)
    output.line(output.dim(`   ${record.id}`))
  })
  const differing = parameterRows(sides).filter(({ differs }) => differs)
  output.line(`\n${output.bold('Differing parameters')}`)
  if (differing.length === 0) output.line('  none')
  else {
    const heads = ['parameter', ...sides.map((_, run) => letterOf(run))]
    for (const line of textTable(
      heads,
      differing.map(({ label, texts }) => [label, ...texts.map(short)]),
    ))
      output.line(line)
  }
  for (const { title, id, panels, notes } of figures) {
    output.line(`\n${output.bold(title)}  ${output.dim(id)}`)
    for (const note of notes) output.line(`  ${note}`)
    for (const panel of panels.filter(({ difference }) => difference)) {
      const cells = strongest(panel)
      const none = panel.values.every(Number.isNaN) ? 'no cell has a value in both' : 'no cell differs'
      if (cells.length === 0) output.line(`  ${panel.spec.title}: ${none}`)
      for (const { row, column, value } of cells) {
        output.line(`  ${panel.spec.title} at ${row}, ${column}: ${numberText(value)} ${panel.spec.unit}`)
      }
    }
  }
  if (refused.length > 0) output.line(`\n${output.bold('Not comparable')}`)
  for (const reason of refused) output.line(`  ${reason}`)
}

function short(text: string | null): string {
  if (text === null) return '–'
  const line = text.replaceAll('\n', '; ')
  return line.length <= MAX_VALUE ? line : `${line.slice(0, MAX_VALUE - 1)}…`
}
