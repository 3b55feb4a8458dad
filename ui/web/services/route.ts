/**
 * The one place that knows URLs. A view is a path, what is selected in it is the query, so that a
 * copied address brings back what was on the screen.
 */
import { RUN_STATES, type RunState } from '../../../studies/runs/events.ts'
import { onAddress, pushAddress, replaceAddress } from './address-bar.ts'
import { formatLook, type Look, PLAIN_LOOK, parseLook } from './look.ts'
import { createStore, useStore } from './store.ts'

export type Route =
  | { readonly view: 'home' }
  /** `from`: a run whose parameters the form begins with. */
  | { readonly view: 'new'; readonly study: string; readonly preset: string | null; readonly from?: string }
  | RunRoute
  | { readonly view: 'watch'; readonly runs: readonly string[] }
  | CompareRoute
  | ({ readonly view: 'runs' } & RunQuery)
  | { readonly view: 'generate' }
  | { readonly view: 'doctor' }
  | { readonly view: 'lost'; readonly path: string }

/** A run's page. What is absent is as when the page is first seen. */
export interface RunRoute {
  readonly view: 'run'
  readonly run: string
  readonly cell: CellAddress | null
  /** The figure that a link is about, where it is about no cell. */
  readonly figure?: string
  readonly drawer?: DrawerPlace
  readonly look?: Look
}

/** Runs side by side, the first being what others are compared with. */
export interface CompareRoute {
  readonly view: 'compare'
  readonly runs: readonly string[]
  readonly cell?: CellAddress | null
  readonly figure?: string
  readonly look?: Look
}

/** One cell of a run's figure. */
export interface CellAddress {
  readonly figure: string
  readonly index: number
}

/** What of an open cell is looked at. */
export interface DrawerPlace {
  readonly tab?: string
  readonly head?: number
  readonly layer?: number
  /** Which of a tab's sides: without the patch, with it, or what differs. */
  readonly side?: string
  /** First token of the window on a long prompt. */
  readonly from?: number
}

/** Which runs the list of runs shows. */
export interface RunQuery {
  readonly search: string
  readonly tags: readonly string[]
  readonly archived: boolean
  readonly starred: boolean
  /** The runs in the trash, and only those. */
  readonly deleted?: boolean
  readonly study?: string
  readonly state?: RunState
  /** Newest first where absent. */
  readonly sort?: RunSort
}

export const RUN_SORTS = ['newest', 'oldest', 'name', 'study', 'model'] as const
export type RunSort = (typeof RUN_SORTS)[number]

export const ALL_RUNS: RunQuery = { search: '', tags: [], archived: false, starred: false }

/** Reads a path and query such as `/run/ID?figure=resid&cell=12`. */
export function parseRoute(path: string, query: string): Route {
  const parts = path.split('/').filter(part => part !== '')
  const search = new URLSearchParams(query)
  const [first, second] = parts
  if (first === undefined) return { view: 'home' }
  if (first === 'run' && second !== undefined) {
    const drawer = parseDrawer(search)
    return {
      view: 'run',
      run: decode(second),
      ...parseFigurePlace(search),
      ...(drawer === null ? {} : { drawer }),
    }
  }
  if (first === 'new' && second !== undefined) {
    const from = search.get('from')
    return { view: 'new', study: decode(second), preset: search.get('preset'), ...(from === null ? {} : { from }) }
  }
  if (first === 'watch') {
    return { view: 'watch', runs: parseList(search, 'runs') }
  }
  if (first === 'compare') return { view: 'compare', runs: parseList(search, 'runs'), ...parseFigurePlace(search) }
  if (first === 'runs') {
    return {
      view: 'runs',
      search: search.get('search') ?? '',
      tags: search.getAll('tag').filter(tag => tag !== ''),
      archived: search.get('archived') === '1',
      starred: search.get('starred') === '1',
      ...parseRunFilters(search),
    }
  }
  if (first === 'generate') return { view: 'generate' }
  if (first === 'doctor') return { view: 'doctor' }
  return { view: 'lost', path }
}

export function formatRoute(route: Route): string {
  switch (route.view) {
    case 'home':
      return '/'
    case 'new':
      return `/new/${encodeURIComponent(route.study)}${query([
        ['preset', route.preset],
        ['from', route.from],
      ])}`
    case 'run':
      return `/run/${encodeURIComponent(route.run)}${query([
        ...formatFigurePlace(route),
        ['tab', route.drawer?.tab],
        ['head', route.drawer?.head],
        ['layer', route.drawer?.layer],
        ['side', route.drawer?.side],
        ['from', route.drawer?.from],
        ...formatLook(route.look ?? PLAIN_LOOK),
      ])}`
    case 'watch':
      return `/watch${query([['runs', formatList(route.runs)]])}`
    case 'compare':
      return `/compare${query([
        ['runs', formatList(route.runs)],
        ...formatFigurePlace(route),
        ...formatLook(route.look ?? PLAIN_LOOK),
      ])}`
    case 'runs':
      return `/runs${query([
        ['search', route.search === '' ? null : route.search],
        ...route.tags.map(tag => ['tag', tag] as const),
        ['archived', route.archived ? '1' : null],
        ['starred', route.starred ? '1' : null],
        ['deleted', route.deleted === true ? '1' : null],
        ['study', route.study],
        ['state', route.state],
        ['sort', route.sort],
      ])}`
    case 'generate':
      return '/generate'
    case 'doctor':
      return '/doctor'
    case 'lost':
      return route.path
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The figure, cell and look that a page of figures is at. */
function parseFigurePlace(search: URLSearchParams): {
  readonly cell: CellAddress | null
  readonly figure?: string
  readonly look?: Look
} {
  const figure = search.get('figure')
  const index = parseIndex(search.get('cell'))
  const look = parseLook(search)
  return {
    cell: figure !== null && index !== undefined ? { figure, index } : null,
    ...(figure !== null && index === undefined ? { figure } : {}),
    ...(formatLook(look).length === 0 ? {} : { look }),
  }
}

function formatFigurePlace(place: {
  readonly cell?: CellAddress | null
  readonly figure?: string
}): readonly Parameter[] {
  return [
    ['figure', place.cell?.figure ?? place.figure],
    ['cell', place.cell?.index],
  ]
}

function parseRunFilters(search: URLSearchParams): Partial<RunQuery> {
  const study = search.get('study')
  const state = RUN_STATES.find(known => known === search.get('state'))
  const sort = RUN_SORTS.find(known => known === search.get('sort') && known !== 'newest')
  return {
    ...(search.get('deleted') === '1' ? { deleted: true } : {}),
    ...(study === null || study === '' ? {} : { study }),
    ...(state === undefined ? {} : { state }),
    ...(sort === undefined ? {} : { sort }),
  }
}

function parseDrawer(search: URLSearchParams): DrawerPlace | null {
  const tab = search.get('tab')
  const head = parseIndex(search.get('head'))
  const layer = parseIndex(search.get('layer'))
  const side = search.get('side')
  const from = parseIndex(search.get('from'))
  if (tab === null && head === undefined && layer === undefined && side === null && from === undefined) return null
  return {
    ...(tab === null ? {} : { tab }),
    ...(head === undefined ? {} : { head }),
    ...(layer === undefined ? {} : { layer }),
    ...(side === null ? {} : { side }),
    ...(from === undefined ? {} : { from }),
  }
}

function parseIndex(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** A run's id holds no comma. */
function parseList(search: URLSearchParams, key: string): readonly string[] {
  return (search.get(key) ?? '').split(',').filter(id => id !== '')
}

const formatList = (ids: readonly string[]) => (ids.length === 0 ? null : ids.join(','))

type Parameter = readonly [key: string, value: string | number | null | undefined]

function query(values: readonly Parameter[]): string {
  const search = new URLSearchParams()
  for (const [key, value] of values) if (value !== null && value !== undefined) search.append(key, String(value))
  // Allowed as they are, and an address is read by people too.
  const text = search.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')
  return text === '' ? '' : `?${text}`
}

const here = () => parseRoute(window.location.pathname, window.location.search)
const current = createStore<Route>(typeof window === 'undefined' ? { view: 'home' } : here())
if (typeof window !== 'undefined') onAddress(() => current.set(here()))

export const currentRoute = (): Route => current.get()

export function useRoute(): Route {
  return useStore(current)
}

/** Goes to a view; `replace` keeps the back button for steps that matter. */
export function navigate(route: Route, how: 'push' | 'replace' = 'push'): void {
  const url = formatRoute(route)
  if (how === 'push') pushAddress(url)
  else replaceAddress(url)
  current.set(route)
}
