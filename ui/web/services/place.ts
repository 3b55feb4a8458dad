/** Steps within a page of figures: another cell, another look. They replace the address and fill no history. */
import type { Look } from './look.ts'
import { PLAIN_LOOK } from './look.ts'
import { type CellAddress, currentRoute, navigate, type RunRoute } from './route.ts'

/** Opens a cell of a run's page, or closes the one that is open. What of a cell is looked at stays. */
export function showCell(run: string, cell: CellAddress | null): void {
  const now = currentRoute()
  const { look, drawer }: Partial<RunRoute> = now.view === 'run' && now.run === run ? now : {}
  const kept = { ...(look === undefined ? {} : { look }), ...(cell === null || drawer === undefined ? {} : { drawer }) }
  navigate({ view: 'run', run, cell, ...kept }, 'replace')
}

/** Looks at the figures or tables of the page in another way. */
export function changeLook(change: (now: Look) => Look): void {
  const now = currentRoute()
  if (now.view !== 'run' && now.view !== 'compare') return
  navigate({ ...now, look: change(now.look ?? PLAIN_LOOK) }, 'replace')
}
