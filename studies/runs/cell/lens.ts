/**
 * The logit lens of a cell's prompt, without and with its patch: layer × position. Rows of the stream
 * that the patch left as they were are unembedded once.
 */
import { internalError } from '../../../engine/errors.ts'
import type { Model } from '../../../engine/model.ts'
import { pointOf } from '../../../engine/points.ts'
import { type RunOutput, runWithHooks } from '../../../hooks/hooked.ts'
import { type LensRow, likeliest, logitLens } from '../../../hooks/logit-lens.ts'
import type { CellQuestion } from '../../study.ts'
import { finite } from '../top-tokens.ts'
import { absolute } from './detail.ts'
import type { CellAddress, CellLens, LensQuestion, LensSide, Reading } from './types.ts'
import { tokenWindow, windowPositions } from './window.ts'

/** Columns that a table can be read with, and rows of the unembedding that take seconds on a large model. */
const MAX_TOKENS = 64
const MAX_ROWS = 1600
const CHOICES = 3

export async function cellLens(
  model: Model,
  cell: CellAddress,
  question: CellQuestion,
  { from }: LensQuestion,
  signal?: AbortSignal,
): Promise<CellLens> {
  const { ids, interventions } = question
  const { layers, dModel } = model.spec
  const points = [...layers.map((_, layer) => pointOf('resid_pre', layer)), pointOf('resid_post', layers.length - 1)]
  const most = Math.max(1, Math.min(MAX_TOKENS, Math.floor(MAX_ROWS / points.length)))
  const window = tokenWindow(model.tokenizer, ids, absolute(question), most, from)
  const outputs = await runWithHooks(model, [{ ids }, { ids, interventions }], {
    capture: points.map(({ name }) => name),
    capturePositions: windowPositions(window),
    ...(signal === undefined ? {} : { signal }),
  })
  const [before, after] = outputs.map(output => streamsOf(output, points))
  if (before === undefined || after === undefined) throw internalError('a cell without runs')

  const cells = points.length * window.labels.length
  const { streams, changed } = withChanged(before, after, dModel)
  const first: Side = { top: [], prob: [] }
  const second: Side = { top: [], prob: [] }
  const risen: Reading[] = []
  const places = [...changed].flatMap((is, at) => (is === 0 ? [at] : [at, at]))
  let baseline: LensRow = { logits: new Float32Array(0), logSum: 0 }
  await logitLens(
    model,
    streams,
    (row, found) => {
      const at = places[row] ?? 0
      const isPatched = row > 0 && places[row - 1] === at
      if (!isPatched) {
        add(first, found)
        if (changed[at] === 1) {
          // What the patched row is compared with: kept, since its logits are gone by then.
          baseline = { logits: found.logits.slice(), logSum: found.logSum }
          return
        }
        add(second, found)
        risen.push(0)
        return
      }
      const [top] = likeliest(found, 1)
      add(second, found)
      risen.push(
        top === undefined
          ? null
          : finite(top.prob - Math.exp((baseline.logits[top.id] ?? Number.NaN) - baseline.logSum)),
      )
    },
    signal,
  )
  if (risen.length !== cells) throw internalError(`${risen.length} lens cells instead of ${cells}`)
  return {
    ...cell,
    window,
    rows: [...layers.map((_, layer) => String(layer)), 'out'],
    choices: CHOICES,
    before: first,
    after: second,
    risen,
    labels: Object.fromEntries([...first.top, ...second.top].map(id => [id, model.tokenizer.label(id)])),
  }
}

interface Side extends LensSide {
  readonly top: number[]
  readonly prob: Reading[]
}

/** A row without numbers has no tokens: it gets the first ones, without probabilities. */
function add(side: Side, found: LensRow): void {
  const best = likeliest(found, CHOICES)
  for (let i = 0; i < CHOICES; i++) {
    side.top.push(best[i]?.id ?? i)
    side.prob.push(finite(best[i]?.prob ?? Number.NaN))
  }
}

/** The streams of one run: [point, position, d_model]. */
function streamsOf(output: RunOutput, points: readonly { readonly name: string }[]): Float32Array {
  const parts = points.map(({ name }) => output.capture.get(name).data)
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Every baseline row, followed by its patched one where the two differ. */
function withChanged(before: Float32Array, after: Float32Array, width: number) {
  const rows = before.length / width
  const changed = new Uint8Array(rows)
  for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) changed[Math.floor(i / width)] = 1
  const streams = new Float32Array(before.length + changed.reduce((sum, is) => sum + is, 0) * width)
  let at = 0
  for (let row = 0; row < rows; row++)
    for (const side of changed[row] === 1 ? [before, after] : [before]) {
      streams.set(side.subarray(row * width, (row + 1) * width), at)
      at += width
    }
  return { streams, changed }
}
