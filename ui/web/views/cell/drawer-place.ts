/** Where in the drawer a reader is: read from the address and kept there. */
import type { CellDetail } from '../../../../studies/runs/cell/types.ts'
import { type CellAddress, currentRoute, type DrawerPlace, navigate, useRoute } from '../../services/route.ts'

export const TABS = ['overview', 'attention', 'lens', 'neuron'] as const
export type Tab = (typeof TABS)[number]

export const TAB_NAMES: Readonly<Record<Tab, string>> = {
  overview: 'Overview',
  attention: 'Attention',
  lens: 'Logit lens',
  neuron: 'Neuron',
}

export const SIDES = [
  { value: 'before', label: 'baseline' },
  { value: 'after', label: 'patched' },
  { value: 'change', label: 'what changed' },
] as const
export type Side = (typeof SIDES)[number]['value']

const NOWHERE: DrawerPlace = {}

export function useDrawerPlace(): DrawerPlace {
  const route = useRoute()
  return route.view === 'run' ? (route.drawer ?? NOWHERE) : NOWHERE
}

/** Changes some of it; undefined takes a part out of the address. */
export function goInDrawer(change: { readonly [K in keyof DrawerPlace]: DrawerPlace[K] | undefined }): void {
  const route = currentRoute()
  if (route.view !== 'run') return
  const entries = Object.entries({ ...route.drawer, ...change }).filter(([, value]) => value !== undefined)
  navigate({ ...route, drawer: Object.fromEntries(entries) }, 'replace')
}

/** Another cell, in the same tab; head and layer are the new cell's own. */
export function goToCell(cell: CellAddress): void {
  const route = currentRoute()
  if (route.view !== 'run') return
  const { tab, side } = route.drawer ?? NOWHERE
  const drawer = { ...(tab === undefined ? {} : { tab }), ...(side === undefined ? {} : { side }) }
  navigate({ ...route, cell, drawer }, 'replace')
}

/** The tab of an address, if this cell has it. */
export function tabOf(place: DrawerPlace, offered: readonly Tab[]): Tab {
  return offered.find(tab => tab === place.tab) ?? 'overview'
}

/** The side of an address; what changed is what one looks for. */
export function sideOf(place: DrawerPlace, otherwise: Side): Side {
  return SIDES.find(({ value }) => value === place.side)?.value ?? otherwise
}

/** The tabs that a cell has: a neuron's where it is one. */
export function tabsOf(detail: CellDetail | null): readonly Tab[] {
  const hasNeuron = detail === null || detail.places.some(place => place.neuron !== undefined)
  return TABS.filter(tab => tab !== 'neuron' || hasNeuron)
}
