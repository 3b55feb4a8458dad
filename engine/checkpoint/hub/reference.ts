/** How a model on the Hub is named: `OWNER/NAME`, or `OWNER/NAME@REVISION` for a branch, tag or commit. */
import { CheckpointError } from '../../errors.ts'
import { shown } from '../json-file.ts'

export interface ModelReference {
  /** `OWNER/NAME`; a few old models have a name alone (`gpt2`). */
  readonly id: string
  readonly revision: string
}

export const DEFAULT_REVISION = 'main'
export const COMMIT = /^[0-9a-f]{40}$/

const ID = /^([A-Za-z0-9._-]+\/)?[A-Za-z0-9._-]+$/
const MAX_ID = 96
/** What git allows in a branch's name, less what would lead out of a folder. */
const REVISION = /^[A-Za-z0-9_][A-Za-z0-9._+-]*(\/[A-Za-z0-9_][A-Za-z0-9._+-]*)*$/

/** Names become folder names with `--` for the slash, so the Hub allows neither `--` nor `..` in them. */
function isId(id: string): boolean {
  return ID.test(id) && id.length <= MAX_ID && !/--|\.\./.test(id) && !/(^|\/)[.-]|[.-](\/|$)/.test(id)
}

function isRevision(revision: string): boolean {
  return REVISION.test(revision) && !revision.includes('..') && revision.length <= 255
}

/** The parts of a reference; null if it cannot be one. */
export function readReference(text: string): ModelReference | null {
  const at = text.indexOf('@')
  const id = at < 0 ? text : text.slice(0, at)
  const revision = at < 0 ? DEFAULT_REVISION : text.slice(at + 1)
  return isId(id) && isRevision(revision) ? { id, revision } : null
}

/** @throws CheckpointError if the text names no model and revision. */
export function parseReference(text: string): ModelReference {
  const reference = readReference(text)
  if (reference !== null) return reference
  throw new CheckpointError(
    `${shown(text)}: expected a model of the Hub as OWNER/NAME or OWNER/NAME@REVISION, such as HuggingFaceTB/SmolLM2-135M`,
  )
}

/** As a user would write it. */
export function referenceText({ id, revision }: ModelReference): string {
  return revision === DEFAULT_REVISION ? id : `${id}@${revision}`
}
