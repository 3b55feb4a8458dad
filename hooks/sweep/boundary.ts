/**
 * Boundaries: the places between two halves of a layer where a lane can join the pass. Boundary 2l
 * is the stream before layer l, 2l + 1 the stream between its attention and its MLP, and twice the
 * number of layers the stream that the unembedding receives. For each hook point this file says
 * where its change first shows.
 */
import { type Point, SITES, type Site, siteRow } from '../../engine/points.ts'
import { type ModelSpec, writesLinearly } from '../../engine/spec.ts'

export interface Landing {
  /** The lane joins here. */
  readonly boundary: number
  /**
   * `delta`: the change is added to the saved stream, through one matrix at most.
   * `tap`: the lane meets the point itself after joining, and is changed there.
   */
  readonly by: 'delta' | 'tap'
}

/** The boundary after a layer's attention. With parallel halves there is none between them. */
function afterAttention(spec: ModelSpec, layer: number): number {
  return spec.parallel ? 2 * layer + 2 : 2 * layer + 1
}

/** The last boundary: the stream that the final norm receives. */
export function finalBoundary(spec: ModelSpec): number {
  return 2 * spec.layers.length
}

/** Where a changed point joins at the latest. */
export function landingOf(spec: ModelSpec, point: Point): Landing {
  const { layer } = point
  const linear = siteRow(point.site).reach === 'linear' && writesLinearly(spec)
  switch (SITES[point.site].stage) {
    case 'embed':
      return { boundary: 0, by: 'delta' }
    case 'attention':
      if (point.site === 'attn_out' || linear) return { boundary: afterAttention(spec, layer), by: 'delta' }
      return { boundary: 2 * layer, by: 'tap' }
    case 'mlp':
      if (point.site === 'mlp_out' || linear) return { boundary: 2 * layer + 2, by: 'delta' }
      return { boundary: spec.parallel ? 2 * layer : 2 * layer + 1, by: 'tap' }
    case 'end':
      return { boundary: 2 * layer + 2, by: 'tap' }
    case 'unembed':
      return { boundary: finalBoundary(spec), by: 'tap' }
  }
}

/** Where a point's own half of the layer begins: a lane that joins here meets the point. */
export function stageStart(spec: ModelSpec, point: Point): number {
  const { layer } = point
  switch (SITES[point.site].stage) {
    case 'embed':
      return 0
    case 'attention':
      return 2 * layer
    case 'mlp':
      return spec.parallel ? 2 * layer : 2 * layer + 1
    case 'end':
      return 2 * layer + 2
    case 'unembed':
      return finalBoundary(spec)
  }
}

/** What becomes keys and values. */
const FEEDS_KEYS: ReadonlySet<Site> = new Set([
  'resid_pre',
  'ln1_scale',
  'ln1_normalized',
  'k',
  'v',
  'k_norm_scale',
  'k_whole_norm_scale',
  'k_normalized',
  'rot_k',
])

/**
 * Whether a change at another position than the measured one still reaches the metric: after the
 * last attention, positions no longer speak to each other.
 */
export function reachesOthers(spec: ModelSpec, point: Point): boolean {
  const { layer, site } = point
  if (SITES[site].stage === 'unembed') return false
  if (layer !== spec.layers.length - 1) return true
  // In the last layer only what becomes keys and values matters elsewhere.
  return FEEDS_KEYS.has(site)
}
