/** Time patching of the embedded model: where am is, what reads it, and cells that nothing can change. */
import { expect, it } from 'vitest'
import type { RunSnapshot } from '../../studies/runs/events.ts'
import { usableBackends } from '../support/models.ts'
import { reaches, testWorkbench } from './runs/support.ts'

function cellsOf({ figures }: RunSnapshot, id: string): number[] {
  return [...(figures.find(({ spec }) => spec.id === id)?.values ?? [])]
}

it.each(await usableBackends())(
  'goes from the token that differs to the last, on %s; cells before it are exactly 0',
  async backend => {
    const workbench = testWorkbench({ backend })
    const { id } = await workbench.start({ study: 'time-patching' })
    await reaches(workbench, id, 'done')
    const snapshot = await workbench.snapshot(id)
    const recovered = cellsOf(snapshot, 'recovered-resid')
    const logits = cellsOf(snapshot, 'logit-resid')
    const tokens = snapshot.figures.find(({ spec }) => spec.id === 'recovered-resid')?.spec.x.ticks ?? []
    const am = tokens.findIndex(token => token.includes('pm'))
    expect(am).toBeGreaterThan(0)
    const last = tokens.length - 1
    const layers = recovered.length / tokens.length
    for (let layer = 0; layer < layers; layer++)
      for (let position = 0; position < am; position++) {
        expect(recovered[layer * tokens.length + position]).toBe(0)
        expect(logits[layer * tokens.length + position]).toBe(0)
      }
    expect(recovered[am]).toBeCloseTo(1, 4)
    expect(recovered[last]).toBeCloseTo(0, 5)
    expect(recovered[(layers - 1) * tokens.length + last]).toBeGreaterThan(0.9)
  },
)
