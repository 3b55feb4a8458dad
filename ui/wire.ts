/**
 * What goes between server and page: the one file that types both sides.
 *
 * HTTP (JSON; an error is `{error: string}` with status 400, 404, 409 or 500):
 *   GET  /api/studies            StudyInfo[]
 *   GET  /api/models             ModelInfo[]
 *   GET  /api/runs               RunSummary[]
 *   POST /api/runs               RunRequest → RunSummary
 *   GET  /api/runs/:id           RunDocument
 *   POST /api/runs/:id/cancel    → RunSummary
 *   POST /api/runs/:id/resume    → RunSummary
 *   GET  /api/runs/:id/cell?figure=ID&index=N   CellDetail
 *   GET  /api/runs/:id/figures/:figure.csv | .json   download
 *   POST /api/estimate           RunRequest → EstimateView
 *   POST /api/tokenize           {model?, texts} → TokenView[]
 *   GET  /api/doctor             DoctorReport
 *
 * Sockets deliver at most once and buffer nothing, so the client asks by number: `watch(run, from)`
 * answers with a snapshot and then the tail; the client drops what it has seen and watches again on
 * a gap. Batches are acknowledged; a client with 8 unacknowledged ones gets no more until it
 * acknowledges, and then a fresh snapshot.
 */
import type { FigureSpec, TableSpec } from '../studies/figure.ts'
import type { JournalEvent, RunId, RunRecord, RunState, RunSummary } from '../studies/runs/events.ts'

/** A snapshot as it travels: values are little-endian float32, base64 in JSON and binary on the socket. */
export interface WireFigure<Bytes> {
  readonly spec: FigureSpec
  readonly values: Bytes
  readonly marks: Bytes
}

export interface WireSnapshot<Bytes> {
  readonly record: RunRecord
  readonly state: RunState
  readonly seq: number
  readonly figures: readonly WireFigure<Bytes>[]
  readonly tables: readonly TableSpec[]
  readonly notes: readonly string[]
  readonly summary: Readonly<Record<string, number | string>>
  readonly progress: { readonly done: number; readonly total: number; readonly etaMs: number | null } | null
  readonly error: string | null
}

/** The JSON form of a run, for readers that are not the page: plain number arrays. */
export type RunDocument = WireSnapshot<readonly (number | null)[]>

/** Consecutive journal events, in order, at most one every 50–100 ms. */
export interface Batch {
  readonly run: RunId
  readonly events: readonly JournalEvent[]
}

export interface ServerToClient {
  snapshot: (run: RunId, snapshot: WireSnapshot<ArrayBuffer | Uint8Array>) => void
  batch: (batch: Batch, acknowledge: () => void) => void
  /** The list of runs changed. */
  run: (summary: RunSummary) => void
  removed: (run: RunId) => void
  /** Something this client asked for went wrong. */
  problem: (message: string) => void
}

export interface ClientToServer {
  /** Follow a run; `from` is the first sequence number the client lacks (0 for all). */
  watch: (run: RunId, from: number) => void
  unwatch: (run: RunId) => void
}

/** Where the page waits for a batch's acknowledgement to count. */
export const MAX_UNACKNOWLEDGED = 8
/** How long cells are gathered before they are sent. */
export const BATCH_MS = 60
