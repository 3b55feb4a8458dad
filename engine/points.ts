/** Hook points of a model: rows of the table (`sites.ts`) in its layers, and what the model has of them. */
import { type AxisName, SITE_IDS, SITES, type Site, type SiteRow } from './sites.ts'
import type { ModelSpec } from './spec.ts'

export type { AxisName, Site } from './sites.ts'
export { SITE_IDS, SITES } from './sites.ts'

/** One hook point of one model. `layer` is −1 for the points outside the blocks. */
export interface Point {
  readonly site: Site
  readonly layer: number
  /** For the points inside an expert of a mixture. */
  readonly expert?: number
  readonly name: string
}

/** The table's row of a site. */
export function siteRow(site: Site): SiteRow {
  return SITES[site]
}

/** Whether a site belongs to a block. */
export function inBlock(site: Site): boolean {
  return SITES[site].name.startsWith('blocks.')
}

/** Whether a site is there once an expert. */
export function inExpert(site: Site): boolean {
  return SITES[site].name.includes('{expert}')
}

/** The point of a site in a layer. Nothing is checked: see `resolvePoint` for words that people typed. */
export function pointOf(site: Site, layer = -1, expert?: number): Point {
  const name = SITES[site].name.replace('{layer}', String(layer))
  return expert === undefined
    ? { site, layer, name }
    : { site, layer, expert, name: name.replace('{expert}', String(expert)) }
}

/** Whether this model has a site in a layer. */
export function siteExists(spec: ModelSpec, site: Site, layer: number): boolean {
  return siteRow(site).when?.(spec, layer) ?? true
}

/** Every point that this model has, in the order in which they fire. */
export function pointsOf(spec: ModelSpec): Point[] {
  const before = SITE_IDS.filter(site => SITES[site].stage === 'embed')
  const inside = SITE_IDS.filter(inBlock)
  const after = SITE_IDS.filter(site => SITES[site].stage === 'unembed')
  return [
    ...before.filter(site => siteExists(spec, site, -1)).map(site => pointOf(site)),
    ...spec.layers.flatMap((_, layer) => {
      const sites = inside.filter(site => siteExists(spec, site, layer))
      const perExpert = sites.filter(inExpert)
      return sites.flatMap(site => {
        if (!inExpert(site)) return [pointOf(site, layer)]
        // All points of one expert fire before those of the next.
        return site === perExpert[0] ? expertPoints(spec, perExpert, layer) : []
      })
    }),
    ...after.map(site => pointOf(site)),
  ]
}

function expertPoints(spec: ModelSpec, sites: readonly Site[], layer: number): Point[] {
  return Array.from({ length: spec.experts?.count ?? 0 }, (_, expert) =>
    sites.map(site => pointOf(site, layer, expert)),
  ).flat()
}

/** Sizes of the axes that are fixed by the model; `pos`, `query` and `key` are the lane's. */
export function axisSize(spec: ModelSpec, axis: AxisName): number | null {
  switch (axis) {
    case 'head':
      return spec.heads
    case 'kv_head':
      return spec.kvHeads
    case 'd_head':
      return spec.dHead
    case 'd_model':
      return spec.dModel
    case 'd_mlp':
      return spec.dMlp
    case 'd_expert':
      return spec.experts?.dExpert ?? 0
    case 'vocab':
      return spec.vocab
    case 'expert':
      return spec.experts?.perToken ?? 0
    case 'one':
      return 1
    default:
      return null
  }
}
