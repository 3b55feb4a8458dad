/**
 * The donors of a sweep, each a pass of its own. What a donor gives can be read as soon as its pass
 * is through the layer, so that donors and lanes may go down the layers together.
 */
import type { Pass } from '../../engine/convoy.ts'
import { embed, runLayers, unembed } from '../../engine/forward.ts'
import { batchOf, type Lane } from '../../engine/lanes.ts'
import type { Model } from '../../engine/model.ts'
import { SITES } from '../../engine/points.ts'
import { checkPrompt } from '../../engine/prompt.ts'
import type { Capture } from '../capture.ts'
import { type Donor, donorsOf, lookupIn } from '../donors.ts'
import type { DonorLookup, DonorNeed } from '../edit.ts'
import { LaneTap } from '../lane-tap.ts'

/** @throws ShapeError for a donor that the model cannot run */
export function donorPasses(
  model: Model,
  needs: readonly DonorNeed[],
  signal: AbortSignal | undefined,
): { readonly passes: readonly Pass[]; readonly lookup: DonorLookup } {
  const captures = new Map<string, Capture>()
  const passes = donorsOf(needs).map(donor => {
    const { capture, pass } = donorPass(model, donor, signal)
    captures.set(donor.ids.join(), capture)
    return pass
  })
  return { passes, lookup: lookupIn(captures) }
}

function donorPass(
  model: Model,
  { ids, points, positions }: Donor,
  signal: AbortSignal | undefined,
): { readonly capture: Capture; readonly pass: Pass } {
  checkPrompt(model, ids)
  const lane: Lane = { start: 0, length: ids.length, prefix: null }
  const batch = batchOf([lane])
  const captures = points.map(point => ({ point, positions }))
  const tap = new LaneTap(model.spec, model.backend, new Map([[lane, { captures }]]))
  const pass: Pass = async weights => {
    const own = { ...model, weights }
    const stream = await runLayers(own, embed(own, ids, batch, tap), batch, {
      tap,
      ...(signal === undefined ? {} : { signal }),
    })
    try {
      if (points.some(({ site }) => SITES[site].stage === 'unembed')) unembed(own, stream, batch, null, tap).dispose()
    } finally {
      stream.dispose()
    }
  }
  return { capture: tap.captureOf(lane), pass }
}
