/**
 * What goes between server and page: the one file that types both sides.
 *
 * HTTP (JSON; an error is `{error: string}` with a status of 400 or more: 400 what was asked cannot
 * be done, 401 no token, 403 another host or origin, 404 no such thing, 413 too large, 500 ours):
 *   GET  /api/studies            StudyInfo[]
 *   GET  /api/models             ModelInfo[]
 *   GET  /api/runs               RunSummary[]
 *   POST /api/runs               RunRequest → RunSummary (201)
 *   GET  /api/runs/:id           RunDocument
 *   POST /api/runs/:id/cancel    → RunSummary
 *   POST /api/runs/:id/resume    → RunSummary
 *   GET  /api/runs/:id/record    RunRecord
 *   GET  /api/runs/:id/source    RunSource | null
 *   GET  /api/runs/:id/preview.png?v=ANY   its first figure, a pixel a cell; `v` lets a browser keep it
 *   POST /api/runs/:id/meta      MetaPatch → RunSummary
 *   POST /api/runs/:id/delete    → {}; into the trash
 *   POST /api/runs/:id/restore   → RunSummary
 *   GET  /api/runs/:id/archive   the run as one file
 *   POST /api/runs/import        such a file → RunSummary (201)
 *   GET  /api/trash              DeletedRun[]
 *   GET  /api/study-files        StudyFile[]
 *   POST /api/study-files        {id} → StudyInfo (201)
 *   GET  /api/runs/:id/cell?figure=ID&index=N   CellDetail
 *   GET  /api/runs/:id/cell/attention?figure=ID&index=N&layer=L&head=H   CellAttention
 *   GET  /api/runs/:id/cell/lens?figure=ID&index=N                       CellLens
 *   GET  /api/runs/:id/cell/neuron?figure=ID&index=N&layer=L&neuron=N    CellNeuron; `&expert=E` in a mixture
 *        The first two take `&from=P`, the first token of the window that a long prompt is cut to.
 *   GET  /api/runs/:id/figures/:figure.csv | .json | .npy   its numbers
 *   GET  /api/runs/:id/figures/:figure.svg | .pdf | .png | .tex   the picture; `?width=3.25in` or
 *        `icml-column`, `panels=1` for its whole group, `title=1`, `caption=1`, `font=8`, `dpi=300`,
 *        `scale=-1:1`
 *   GET  /api/runs/:id/data.csv | .json | .parquet | .npy | .ipynb   all numbers, or `?figure=ID`
 *   GET  /api/compare/:figure.svg | .pdf | .png | .tex | .csv | .json?runs=A,B   A, B and A − B of two
 *        runs or more; as above, and `only=difference`
 *   POST /api/estimate           RunRequest → EstimateView
 *   POST /api/tokenize           {model?, texts, bos?, chat?, system?} → TokenView[]
 *   POST /api/generate           GenerateRequest → a line for each GenerateEvent
 *   POST /api/pull               {model} → a line for each PullEvent
 *   GET  /api/backend            BackendInUse
 *   GET  /api/doctor             DoctorReport
 *
 * Answers in lines (application/x-ndjson) come as things happen, and end the work when their reader
 * goes away. What goes wrong before the first line is an error as above, what goes wrong after it is
 * a last line `{type: 'error', error: string}`.
 *
 * Sockets deliver at most once and buffer nothing, so the client asks by number: `watch(run, from)`
 * answers with a snapshot and then the tail; the client drops what it has seen and watches again on
 * a gap. Whatever the server sends in bulk is acknowledged; a client with 8 unacknowledged messages
 * gets no more until it has acknowledged them all, and then a fresh snapshot of each run it watches.
 *
 * The page does not speak this itself: `ui/client/run-feed.ts` and `ui/client/api.ts` do.
 */
import type { FigureSpec, TableSpec } from '../studies/figure.ts'
import type { JournalEvent, RunId, RunRecord, RunState, RunSummary } from '../studies/runs/events.ts'

/** The last line of an answer in lines that went wrong. */
export interface StreamError {
  readonly type: 'error'
  readonly error: string
}

/**
 * The numbers of a whole message, one after another: one binary part a message, because socket.io's
 * parser takes no more than ten, and a run may have dozens of figures. Values are little-endian
 * float32, marks one byte each. Node's socket.io hands over a Buffer, a browser's an ArrayBuffer.
 */
export type WireBytes = ArrayBuffer | Uint8Array

/** A run after its events up to `seq` inclusive; -1 before its first. */
interface RunFields {
  readonly record: RunRecord
  readonly state: RunState
  readonly seq: number
  readonly tables: readonly TableSpec[]
  readonly notes: readonly string[]
  readonly summary: Readonly<Record<string, number | string>>
  readonly progress: { readonly done: number; readonly total: number; readonly etaMs: number | null } | null
  readonly error: string | null
}

/** A run on the socket. `bytes`: for each figure in turn the values of all its cells, then their marks. */
export interface WireSnapshot extends RunFields {
  readonly figures: readonly FigureSpec[]
  readonly bytes: WireBytes
}

/** A figure in JSON, row-major: null for "no value", mark 0 for none. */
interface FigureNumbers {
  readonly spec: FigureSpec
  readonly values: readonly (number | null)[]
  readonly marks: readonly number[]
}

/** A run in JSON, for readers that are not the page. */
export interface RunDocument extends RunFields {
  readonly figures: readonly FigureNumbers[]
}

/** A figure's download as JSON. */
export interface FigureDocument extends FigureNumbers {
  readonly run: RunId
  readonly study: string
  readonly model: string
}

/** Cells as they travel; their numbers are in the batch's `bytes`. JSON has no NaN, and float32 takes a fifth of its digits. */
export interface WireCells {
  readonly seq: number
  readonly t: number
  readonly type: 'cells'
  readonly figure: string
  readonly first: number
  readonly count: number
  /** Whether marks follow the values. */
  readonly marked: boolean
}
export type WireEvent = Exclude<JournalEvent, { readonly type: 'cells' }> | WireCells

/**
 * The journal events `from` to `to` inclusive, at most one batch every 60 ms. Adjacent cells are one
 * event with the last one's number, and of several progress events only the last is there.
 */
export interface Batch {
  readonly run: RunId
  readonly from: number
  readonly to: number
  readonly events: readonly WireEvent[]
  /** For each cells event in turn its values, then its marks where it is `marked`. */
  readonly bytes: WireBytes
}

export interface ServerToClient {
  snapshot: (run: RunId, snapshot: WireSnapshot, acknowledge: () => void) => void
  batch: (batch: Batch, acknowledge: () => void) => void
  /** Runs that are new or whose summary changed, and runs that are gone. Every client gets it. */
  runs: (changed: readonly RunSummary[], removed: readonly RunId[], acknowledge: () => void) => void
  /** A study file was saved, made or removed: the list of studies is another. */
  studies: () => void
  /** Something this client asked for went wrong; `run` says which run it is about, where it is about one. */
  problem: (message: string, run: RunId | null) => void
}

export interface ClientToServer {
  /** Follow a run; `from` is the first sequence number the client lacks (0 for all). */
  watch: (run: RunId, from: number) => void
  unwatch: (run: RunId) => void
}

/** Messages that a client may leave unacknowledged. */
export const MAX_UNACKNOWLEDGED = 8
/** How long cells are gathered before they are sent. */
export const BATCH_MS = 60
/** How long changes to the list of runs are gathered. */
export const RUNS_MS = 250
/** A client further behind than this gets a snapshot: cheaper than the events one by one. */
export const MAX_TAIL_EVENTS = 500
/** Runs that one client may watch at a time: a page compares a handful. */
export const MAX_WATCHED = 16
/** A client's messages hold an id and a number. */
export const MAX_MESSAGE_BYTES = 16_384
/** Run and figure ids: what a folder's or file's name may be everywhere. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
