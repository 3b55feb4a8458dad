/**
 * A figure as data: axes, unit, scale, marks and caption. Whatever draws it (a canvas on the page,
 * SVG for a paper) reads this and nothing else. Cells are row-major: index = y · x.ticks.length + x.
 */

export const AXIS_KINDS = ['layer', 'head', 'position', 'neuron', 'component', 'prompt'] as const
export type AxisKind = (typeof AXIS_KINDS)[number]

export interface Axis {
  readonly kind: AxisKind
  readonly label: string
  /** One label a tick, in order; token labels repeat and may hold any character. */
  readonly ticks: readonly string[]
}

export interface FigureSpec {
  /** Unique in its run; letters, digits and hyphens. */
  readonly id: string
  readonly title: string
  /** Figures that share a group are panels of one picture, on one colour scale. */
  readonly group?: string
  readonly x: Axis
  readonly y: Axis
  /** What a value is: `Δ log p(yes)`. */
  readonly metric: string
  /** `nats`, `logits`, `probability`, `fraction`. */
  readonly unit: string
  readonly scale: 'diverging' | 'sequential'
  /** What a mark on a cell means, by its symbol; a cell's mark is an index into this list plus one, 0 is none. */
  readonly marks: readonly { readonly symbol: string; readonly meaning: string }[]
  /** A sentence or two that could stand in a paper: what was patched, where, and what the colour shows. */
  readonly caption: string
}

/** A part of a figure: consecutive cells from `first` on. NaN is "no value". */
export interface CellBlock {
  readonly figure: string
  readonly first: number
  readonly values: readonly number[]
  /** One mark a cell, or absent when none has one. */
  readonly marks?: readonly number[]
}

export interface TableColumn {
  readonly key: string
  readonly label: string
  readonly kind: 'text' | 'number' | 'token' | 'count'
  readonly unit?: string
}

/** A table, whole; a later one with the same id replaces it. */
export interface TableSpec {
  readonly id: string
  readonly title: string
  readonly columns: readonly TableColumn[]
  readonly rows: readonly Readonly<Record<string, string | number | null>>[]
  readonly caption: string
}

/** Number of cells of a figure. */
export function cellCount(figure: Pick<FigureSpec, 'x' | 'y'>): number {
  return figure.x.ticks.length * figure.y.ticks.length
}
