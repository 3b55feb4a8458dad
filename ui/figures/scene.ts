/**
 * What stands between a picture and a file: shapes and text at exact places, in points (1/72 in) from
 * the top left corner. SVG, PDF and PNG are written from the same scene, so they look the same. There
 * is no bitmap among the shapes, and no way to put one in.
 */
import type { Weight } from './fonts/catalogue.ts'

/** Cells of one colour: `[column, row, number of cells to the right]`, one after another. */
export interface ColourRuns {
  readonly colour: string
  readonly runs: readonly number[] // [runs · 3]
}

/** A grid of coloured cells. */
interface CellsShape {
  readonly kind: 'cells'
  /** Unique in the scene; letters, digits, hyphens. */
  readonly id: string
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly columns: number
  readonly rows: number
  readonly colours: readonly ColourRuns[]
}

interface RectShape {
  readonly kind: 'rect'
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly fill?: string
  readonly stroke?: string
  readonly strokeWidth?: number
}

interface LinesShape {
  readonly kind: 'lines'
  readonly colour: string
  readonly width: number
  readonly segments: readonly (readonly [x1: number, y1: number, x2: number, y2: number])[]
}

export interface TextShape {
  readonly kind: 'text'
  readonly text: string
  /** Of the anchor, on the baseline. */
  readonly x: number
  readonly y: number
  readonly size: number
  readonly anchor: 'start' | 'middle' | 'end'
  /** Reads upwards. */
  readonly turned: boolean
  readonly ink: string
  readonly weight: Weight
}

/** One sign at several places of one row: thousands of these make up a file's size. */
interface MarksShape {
  readonly kind: 'marks'
  readonly symbol: string
  readonly size: number
  readonly ink: string
  /** Baseline. */
  readonly y: number
  /** Centres. */
  readonly xs: readonly number[]
}

export type Shape = CellsShape | RectShape | LinesShape | TextShape | MarksShape

export interface Scene {
  readonly width: number
  readonly height: number
  readonly title: string
  readonly description: string
  /** In the order in which they are painted, on white. */
  readonly shapes: readonly Shape[]
}

export const INK = '#1a1a1a'
export const FRAME = '#4d4d4d'
export const PAPER = '#ffffff'

/** Level text from a point on its baseline. */
export function text(
  words: string,
  x: number,
  y: number,
  size: number,
  anchor: TextShape['anchor'] = 'start',
): TextShape {
  return { kind: 'text', text: words, x, y, size, anchor, turned: false, ink: INK, weight: 400 }
}

/** Text that reads upwards, its middle or end at a point. */
export function turned(words: string, x: number, y: number, size: number, anchor: TextShape['anchor']): TextShape {
  return { ...text(words, x, y, size, anchor), turned: true }
}
