/**
 * What a run leaves behind. `journal.ndjson` holds one `JournalEvent` a line, numbered from 0
 * without gaps; it is the truth that the page, the command line and the exports all read.
 */
import type { Dtype } from '../../engine/backends/types.ts'
import type { CellBlock, FigureSpec, TableSpec } from '../figure.ts'
import type { ParamValue } from '../params.ts'

export type RunId = string
export const RUN_STATES = ['queued', 'loading', 'running', 'cancelled', 'failed', 'done', 'interrupted'] as const
/** `interrupted`: the process that ran it is gone without a word; it can be resumed, like `cancelled` and `failed`. */
export type RunState = (typeof RUN_STATES)[number]
/** States of a run that somebody computes, or will. */
export const UNFINISHED: readonly RunState[] = ['queued', 'loading', 'running']

/** `run.json`: what was asked and of what. Written once, before the first event. */
export interface RunRecord {
  readonly format: 1
  readonly id: RunId
  readonly createdAt: string
  readonly study: string
  readonly studyTitle: string
  /** For a user's own study: the absolute path of its file. */
  readonly studyFile?: string
  readonly preset?: string
  /** What `RunSummary.title` shows. */
  readonly title?: string
  readonly params: Readonly<Record<string, ParamValue>>
  /** Token ids of each prompt, by parameter; pairs lie one after the other. */
  readonly tokens?: Readonly<Record<string, readonly (readonly number[])[]>>
  readonly model: {
    /** Where the checkpoint lay; empty for a run that came as a file. */
    readonly dir: string
    readonly name: string
    readonly family: string
    readonly fingerprint: string
    readonly layers: number
    readonly heads: number
    readonly dModel: number
    readonly parameters: number
  }
  readonly backend: string
  readonly library: string
  /** Why that backend: that it was asked for, or what was measured. */
  readonly backendNote?: string
  /** The format of the weights and of products with them. */
  readonly dtype: Dtype
  readonly seed: number
  readonly versions: Readonly<Record<string, string>>
}

type Body =
  | { readonly type: 'state'; readonly state: RunState }
  | { readonly type: 'figure'; readonly figure: FigureSpec }
  | ({ readonly type: 'cells' } & CellBlock)
  | { readonly type: 'table'; readonly table: TableSpec }
  | { readonly type: 'progress'; readonly done: number; readonly total: number; readonly etaMs: number | null }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'summary'; readonly values: Readonly<Record<string, number | string>> }
  | { readonly type: 'error'; readonly message: string }

/** `t`: milliseconds since the run's creation. */
export type JournalEvent = { readonly seq: number; readonly t: number } & Body
export type EventBody = Body

/** `meta.json`: what people say of a run. It may change at any time; the record and the journal do not. */
export interface RunMeta {
  /** Shown instead of the title; empty where nobody gave one. */
  readonly name: string
  readonly note: string
  readonly tags: readonly string[]
  readonly starred: boolean
  /** Kept, but left out of lists unless asked for. */
  readonly archived: boolean
  /** For a run that came as a file: when, and its id where it was made. */
  readonly imported?: { readonly at: string; readonly id: RunId }
}

/** A change of some of it; tags come and go one by one, so that two tabs do not undo each other's. */
export interface MetaPatch {
  readonly name?: string
  readonly note?: string
  readonly addTags?: readonly string[]
  readonly removeTags?: readonly string[]
  readonly starred?: boolean
  readonly archived?: boolean
}

/** A run as lists show it. */
export interface RunSummary {
  readonly id: RunId
  readonly createdAt: string
  readonly study: string
  readonly studyTitle: string
  readonly preset?: string
  readonly model: string
  readonly backend: string
  readonly state: RunState
  readonly done: number
  readonly total: number
  /** One line that tells this run from its neighbours, from its parameters. */
  readonly title: string
  /** The texts of its prompts, for searching; cut where they are long. */
  readonly words: string
  readonly meta: RunMeta
}

/** A run in the trash. */
export interface DeletedRun {
  readonly deletedAt: string
  readonly run: RunSummary
}

/** The state of a run after its events up to `seq` inclusive: what a reader starts from. */
export interface RunSnapshot {
  readonly record: RunRecord
  readonly state: RunState
  readonly seq: number
  readonly figures: readonly { readonly spec: FigureSpec; readonly values: Float64Array; readonly marks: Uint8Array }[]
  readonly tables: readonly TableSpec[]
  readonly notes: readonly string[]
  readonly summary: Readonly<Record<string, number | string>>
  readonly progress: { readonly done: number; readonly total: number; readonly etaMs: number | null } | null
  readonly error: string | null
}
