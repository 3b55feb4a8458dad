/**
 * What of a figure a picture shows, which way round and in which colours, so that a picture can be what
 * was on the page. The words are the same in the page's address, a download's address and the command
 * line: `layers=2-4 tokens=am transpose=1 zoom=x0-3,y1-2 colours=sequential`.
 */
import { StudyError, UsageError } from '../../engine/errors.ts'
import type { Axis, FigureSpec } from '../../studies/figure.ts'
import type { Scale } from './colours.ts'
import { type AxisName, cellAt, labelAxis, layerAxis, type Selection, type Shown, shownCells } from './shown.ts'
import { showUnseen, tickLabel } from './text.ts'

export const COLOURS = ['diverging', 'sequential'] as const satisfies readonly Scale[]

export interface PictureView extends Selection {
  /** Null: as the study says. */
  readonly colours: Scale | null
}

export const WHOLE: PictureView = {
  transpose: false,
  layers: null,
  tokens: '',
  zoom: { x: null, y: null },
  colours: null,
}

/** Longer texts match no token. */
const MAX_TOKENS_CHARACTERS = 200
const RANGE = /^(\d{1,7})-(\d{1,7})$/
const ZOOM = /^(?:x(\d{1,7}-\d{1,7}))?,?(?:y(\d{1,7}-\d{1,7}))?$/

export function parseRange(text: string): Selection['layers'] | undefined {
  const [, first, last] = RANGE.exec(text) ?? []
  const range = { first: Number(first), last: Number(last) }
  return range.first <= range.last ? range : undefined
}

export const formatRange = ({ first, last }: NonNullable<Selection['layers']>): string => `${first}-${last}`

export function parseTokens(text: string): string | undefined {
  return text.length <= MAX_TOKENS_CHARACTERS ? text : undefined
}

export function parseZoom(text: string): Selection['zoom'] | undefined {
  const [, across, down] = ZOOM.exec(text) ?? []
  const x = across === undefined ? null : parseRange(across)
  const y = down === undefined ? null : parseRange(down)
  return x === undefined || y === undefined || (x === null && y === null) ? undefined : { x, y }
}

export function formatZoom({ x, y }: Selection['zoom']): string {
  return [x === null ? [] : `x${formatRange(x)}`, y === null ? [] : `y${formatRange(y)}`].flat().join(',') || 'all'
}

/** A view as it is asked for, in texts; what is absent is as in `WHOLE`. */
export type AskedView = { readonly [K in Exclude<keyof PictureView, 'transpose'>]?: string | undefined }

/** @throws UsageError */
export function parseView(asked: AskedView, transpose: boolean): PictureView {
  const parsed = <T>(name: keyof AskedView, otherwise: T, parse: (text: string) => T | undefined, what: string): T => {
    const text = asked[name]
    if (text === undefined) return otherwise
    const value = parse(text)
    if (value === undefined) throw new UsageError(`${name}: expected ${what}, got ${text.slice(0, 60)}`)
    return value
  }
  const scaleOf = (text: string) => COLOURS.find(colours => colours === text)
  return {
    transpose,
    layers: parsed('layers', WHOLE.layers, parseRange, 'the first and the last, counted from 0, such as 2-4'),
    tokens: parsed('tokens', WHOLE.tokens, parseTokens, `at most ${MAX_TOKENS_CHARACTERS} characters`),
    zoom: parsed('zoom', WHOLE.zoom, parseZoom, 'columns and rows, counted from 0, such as x0-3,y1-2'),
    colours: parsed('colours', WHOLE.colours, scaleOf, `one of ${COLOURS.join(', ')}`),
  }
}

interface Cells {
  readonly spec: FigureSpec
  readonly values: ArrayLike<number> // [y · x]
  readonly marks: ArrayLike<number> // [y · x]
}

/**
 * What a view shows of a figure, as a figure of its own; its caption says what is left out.
 *
 * @throws StudyError where nothing of it is shown
 */
export function viewOf({ spec, values, marks }: Cells, view: PictureView) {
  const shown = shownCells(spec, view)
  const { across, columns, down, rows } = shown
  const layers = layerAxis(spec)
  const layerCount = layers === null ? 0 : spec[layers].ticks.length
  if (layers !== null && view.layers !== null && view.layers.first >= layerCount) {
    throw new StudyError(`layers: figure ${spec.id} has ${layerCount}, counted from 0; got ${formatRange(view.layers)}`)
  }
  if (columns.length * rows.length === 0) {
    const labels = labelAxis(spec)
    const why =
      labels === null || view.tokens === ''
        ? 'no cell is both chosen and zoomed to'
        : `no label of its ${spec[labels].label} holds “${view.tokens}” where cells are shown`
    throw new StudyError(`figure ${spec.id}: ${why}`)
  }
  const cells = Int32Array.from({ length: columns.length * rows.length }, (_, at) =>
    cellAt(shown, at % columns.length, Math.floor(at / columns.length)),
  )
  const axis = (name: AxisName, ticks: readonly number[]): Axis => ({
    ...spec[name],
    ticks: ticks.map(tick => spec[name].ticks[tick] ?? ''),
  })
  const caption = [spec.caption, leftOut(shown, view)].join(' ').trim()
  return {
    shown,
    spec: { ...spec, x: axis(across, columns), y: axis(down, rows), caption },
    values: Float64Array.from(cells, cell => values[cell] ?? Number.NaN),
    marks: Uint8Array.from(cells, cell => marks[cell] ?? 0),
  }
}

/** `Shown: layer 2–4 (3 of 6); the rest is left out.`; empty where all is shown. */
function leftOut({ spec, across, columns, rows }: Shown, { tokens }: Selection): string {
  const ticksOf = (name: AxisName) => (name === across ? columns : rows)
  const parts = (['y', 'x'] as const).flatMap(name => {
    const axis = spec[name]
    const ticks = ticksOf(name)
    if (ticks.length === axis.ticks.length) return []
    const count = `(${ticks.length} of ${axis.ticks.length})`
    if (tokens !== '' && labelAxis(spec) === name) return [`${axis.label} with “${showUnseen(tokens)}” ${count}`]
    const [first = 0] = ticks
    const last = ticks.at(-1) ?? first
    const range = first === last ? tickName(axis, first) : `${tickName(axis, first)}–${tickName(axis, last)}`
    return [`${axis.label} ${range} ${count}`]
  })
  return parts.length === 0 ? '' : `Shown: ${parts.join(', ')}; the rest is left out.`
}

/** Of positions their number: tokens repeat. */
function tickName({ kind, ticks }: Axis, tick: number): string {
  return kind === 'position' ? String(tick) : tickLabel(ticks[tick] ?? '')
}
