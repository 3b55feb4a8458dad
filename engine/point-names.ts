/**
 * From what researchers type to hook points: full names, `*` patterns, and the short forms of papers.
 *   L14H13            head 13 of layer 14 (its `hook_z`)
 *   N1810@L10         neuron 1810 of layer 10 (`mlp.hook_post`); also L10N1810
 *   MLP25, ATTN25     what the MLP or attention of layer 25 adds
 *   resid_pre@L5      any site of the table by its short name
 */
import { HookPointError, ShapeError } from './errors.ts'
import { nearest } from './nearest.ts'
import { inBlock, inExpert, type Point, pointOf, pointsOf, SITE_IDS, SITES, type Site, siteExists } from './points.ts'
import type { ModelSpec } from './spec.ts'

export interface Address {
  readonly point: Point
  readonly head?: number
  readonly neuron?: number
}

const SHORT_FORMS: readonly {
  readonly form: RegExp
  readonly read: (numbers: readonly number[]) => { site: Site; layer: number; head?: number; neuron?: number }
}[] = [
  { form: /^L(\d+)H(\d+)$/i, read: ([layer = 0, head = 0]) => ({ site: 'z', layer, head }) },
  { form: /^N(\d+)@L(\d+)$/i, read: ([neuron = 0, layer = 0]) => ({ site: 'mlp_post', layer, neuron }) },
  { form: /^L(\d+)N(\d+)$/i, read: ([layer = 0, neuron = 0]) => ({ site: 'mlp_post', layer, neuron }) },
  { form: /^MLP[ _]?(\d+)$/i, read: ([layer = 0]) => ({ site: 'mlp_out', layer }) },
  { form: /^ATTN[ _]?(\d+)$/i, read: ([layer = 0]) => ({ site: 'attn_out', layer }) },
]

const resolved = new WeakMap<ModelSpec, Map<string, Address>>()

/**
 * Reads one hook point. What was read once is remembered: a sweep asks for the same few names
 * many thousand times.
 * @throws HookPointError for a name that does not exist or that this model does not have, naming the nearest valid ones
 * @throws ShapeError for a head or neuron out of range
 */
export function resolvePoint(spec: ModelSpec, text: string): Address {
  const known = resolved.get(spec) ?? new Map<string, Address>()
  resolved.set(spec, known)
  const address = known.get(text) ?? readPoint(spec, text)
  known.set(text, address)
  return address
}

function readPoint(spec: ModelSpec, text: string): Address {
  const typed = text.trim()
  for (const { form, read } of SHORT_FORMS) {
    const match = form.exec(typed)
    if (match === null) continue
    const { site, layer, head, neuron } = read(match.slice(1).map(Number))
    const address = {
      point: checked(spec, site, layer, typed),
      ...(head === undefined ? {} : { head }),
      ...(neuron === undefined ? {} : { neuron }),
    }
    checkIndex(typed, 'head', head, spec.heads)
    checkIndex(typed, 'neuron', neuron, spec.dMlp)
    return address
  }
  const short = /^([a-z0-9_]+)(?:@L(\d+))?$/i.exec(typed)
  const site = SITE_IDS.find(id => id === short?.[1])
  if (short !== null && site !== undefined && !inExpert(site) && (short[2] !== undefined) === inBlock(site))
    return { point: checked(spec, site, short[2] === undefined ? -1 : Number(short[2]), typed) }
  // Two sites may share a name (a norm by head or over the whole width): a model has one of them at most.
  const named = SITE_IDS.flatMap(id => {
    const match = nameForm(id).exec(typed)
    if (match === null) return []
    const layer = match.groups?.layer === undefined ? -1 : Number(match.groups.layer)
    const expert = match.groups?.expert === undefined ? undefined : Number(match.groups.expert)
    return [{ id, layer, expert }]
  })
  const best = named.find(({ id, layer }) => siteExists(spec, id, layer)) ?? named[0]
  if (best !== undefined) return { point: checked(spec, best.id, best.layer, typed, best.expert) }
  throw unknown(spec, typed)
}

/**
 * All points that a pattern names: a full name, a short form, or a name with `*` for any characters.
 * @throws HookPointError if nothing matches: never an empty result
 */
export function matchPoints(spec: ModelSpec, pattern: string): Point[] {
  if (!pattern.includes('*')) return [resolvePoint(spec, pattern).point]
  const source = pattern.trim().split('*').map(escapeForm).join('.*')
  const form = new RegExp(`^(?:.*\\.)?${source}$`)
  const found = pointsOf(spec).filter(point => form.test(point.name))
  if (found.length === 0) throw unknown(spec, pattern)
  return found
}

function nameForm(site: Site): RegExp {
  return new RegExp(
    `^${SITES[site].name
      .split(/(\{\w+\})/)
      .map(formPart)
      .join('')}$`,
  )
}

function formPart(part: string): string {
  const place = /^\{(\w+)\}$/.exec(part)
  return place === null ? escapeForm(part) : `(?<${place[1]}>\\d+)`
}

function escapeForm(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function checked(spec: ModelSpec, site: Site, layer: number, typed: string, expert?: number): Point {
  if (inBlock(site) && (layer < 0 || layer >= spec.layers.length))
    throw new HookPointError(`hook point ${typed}: expected a layer from 0 to ${spec.layers.length - 1}, got ${layer}`)
  if (!siteExists(spec, site, layer)) {
    const name = pointOf(site, layer, expert).name
    throw new HookPointError(
      `hook point ${name}: this ${spec.family} model does not have it. ${didYouMean(spec, name)}`,
    )
  }
  const experts = spec.experts?.count ?? 0
  if (expert !== undefined && expert >= experts)
    throw new HookPointError(`hook point ${typed}: expected an expert from 0 to ${experts - 1}, got ${expert}`)
  return pointOf(site, layer, expert)
}

function checkIndex(typed: string, what: string, index: number | undefined, count: number): void {
  if (index !== undefined && index >= count)
    throw new ShapeError(`${typed}: expected a ${what} from 0 to ${count - 1}, got ${index}`)
}

function unknown(spec: ModelSpec, typed: string): HookPointError {
  return new HookPointError(`hook point ${typed}: no such point in this model. ${didYouMean(spec, typed)}`)
}

function didYouMean(spec: ModelSpec, typed: string): string {
  const forms = pointsOf(spec).flatMap(({ name, site, layer, expert }) =>
    layer < 0 || expert !== undefined ? [name] : [name, `${site}@L${layer}`],
  )
  // A name without its block is the likeliest slip, and far from the full name in edits.
  const ends = forms.filter(form => typed !== '' && form.endsWith(`.${typed}`))
  return `Nearest: ${[...new Set([...ends, ...nearest(typed, forms, 3)])].slice(0, 3).join(', ')}.`
}
