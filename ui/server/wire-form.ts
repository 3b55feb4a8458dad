/**
 * From the workbench's objects to what travels: numbers as bytes, adjacent cells as one event, and
 * only the last of several progress events. Pure.
 */
import type { JournalEvent, RunId, RunSnapshot } from '../../studies/runs/events.ts'
import type { Batch, FigureDocument, RunDocument, WireCells, WireEvent, WireSnapshot } from '../wire.ts'

/** A snapshot for the socket. A snapshot of 131,072 cells is 640 KiB. */
export function wireSnapshot(snapshot: RunSnapshot): WireSnapshot {
  return {
    ...snapshot,
    figures: snapshot.figures.map(({ spec }) => spec),
    bytes: Buffer.concat(snapshot.figures.flatMap(({ values, marks }) => [bytesOf(Float32Array.from(values)), marks])),
  }
}

/** A run for readers of JSON, which has no NaN and no infinities: all are null. */
export function runDocument(snapshot: RunSnapshot): RunDocument {
  return {
    ...snapshot,
    figures: snapshot.figures.map(({ spec, values, marks }) => ({
      spec,
      values: jsonNumbers(values),
      marks: [...marks],
    })),
  }
}

/** One figure of a run, for a download. */
export function figureDocument({ record }: RunSnapshot, figure: RunSnapshot['figures'][number]): FigureDocument {
  return {
    run: record.id,
    study: record.study,
    model: record.model.name,
    spec: figure.spec,
    values: jsonNumbers(figure.values),
    marks: [...figure.marks],
  }
}

/** Events, consecutive and at least one, as a batch. */
export function wireBatch(run: RunId, events: readonly [JournalEvent, ...JournalEvent[]]): Batch {
  const lastProgress = events.findLast(event => event.type === 'progress')
  const merged: Gathered[] = []
  for (const event of events) {
    if (event.type === 'progress' && event !== lastProgress) continue
    const before = merged.at(-1)
    if (event.type === 'cells' && before?.type === 'cells' && follows(before, event)) {
      before.parts.push(event)
      before.cells += event.values.length
    } else if (event.type === 'cells') {
      const { figure, first, values } = event
      merged.push({ type: 'cells', figure, first, cells: values.length, parts: [event] })
    } else merged.push({ type: 'other', event })
  }
  return {
    run,
    from: events[0].seq,
    to: events.at(-1)?.seq ?? events[0].seq,
    events: merged.map((item): WireEvent => (item.type === 'cells' ? wireCells(item) : item.event)),
    bytes: Buffer.concat(merged.flatMap(item => (item.type === 'cells' ? cellBytes(item) : []))),
  }
}

type Cells = Extract<JournalEvent, { readonly type: 'cells' }>
interface GatheredCells {
  readonly type: 'cells'
  readonly figure: string
  readonly first: number
  cells: number
  readonly parts: Cells[]
}
type Gathered = GatheredCells | { readonly type: 'other'; readonly event: Exclude<JournalEvent, Cells> }

function follows(before: GatheredCells, next: Cells): boolean {
  return before.figure === next.figure && before.first + before.cells === next.first
}

function wireCells({ figure, first, cells: count, parts }: GatheredCells): WireCells {
  const { seq, t } = parts.at(-1) ?? { seq: 0, t: 0 }
  return { seq, t, type: 'cells', figure, first, count, marked: isMarked(parts) }
}

function cellBytes({ cells, parts }: GatheredCells): Uint8Array[] {
  const values = new Float32Array(cells)
  const marks = new Uint8Array(cells)
  let at = 0
  for (const part of parts) {
    // A journal that was read back from disk has null where it was written with NaN.
    part.values.forEach((value: number | null, i) => {
      values[at + i] = value ?? Number.NaN
    })
    if (part.marks !== undefined) marks.set(part.marks, at)
    at += part.values.length
  }
  return isMarked(parts) ? [bytesOf(values), marks] : [bytesOf(values)]
}

function isMarked(parts: readonly Cells[]): boolean {
  return parts.some(part => part.marks !== undefined)
}

/** Every platform that Node 20 and later runs on with our tensor library is little-endian. */
function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function jsonNumbers(values: ArrayLike<number>): (number | null)[] {
  return Array.from(values, value => (Number.isFinite(value) ? value : null))
}
