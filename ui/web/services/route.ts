/**
 * The one place that knows URLs. A view is a path, what is selected in it is the query, so that a
 * copied address brings back what was on the screen.
 */
import { createStore, useStore } from './store.ts'

export type Route =
  | { readonly view: 'home' }
  | { readonly view: 'new'; readonly study: string; readonly preset: string | null }
  | { readonly view: 'run'; readonly run: string; readonly cell: CellAddress | null }
  | { readonly view: 'watch'; readonly runs: readonly string[] }
  | { readonly view: 'generate' }
  | { readonly view: 'doctor' }
  | { readonly view: 'lost'; readonly path: string }

/** One cell of a run's figure. */
export interface CellAddress {
  readonly figure: string
  readonly index: number
}

/** Reads a path and query such as `/run/ID?figure=resid&cell=12`. */
export function parseRoute(path: string, query: string): Route {
  const parts = path.split('/').filter(part => part !== '')
  const search = new URLSearchParams(query)
  const [first, second] = parts
  if (first === undefined) return { view: 'home' }
  if (first === 'run' && second !== undefined) {
    return { view: 'run', run: decode(second), cell: parseCell(search) }
  }
  if (first === 'new' && second !== undefined) {
    return { view: 'new', study: decode(second), preset: search.get('preset') }
  }
  if (first === 'watch') {
    return { view: 'watch', runs: (search.get('runs') ?? '').split(',').filter(id => id !== '') }
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
      return `/new/${encodeURIComponent(route.study)}${query({ preset: route.preset })}`
    case 'run':
      return `/run/${encodeURIComponent(route.run)}${query({
        figure: route.cell?.figure ?? null,
        cell: route.cell === null ? null : String(route.cell.index),
      })}`
    case 'watch':
      return `/watch${query({ runs: route.runs.join(',') })}`
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

function parseCell(search: URLSearchParams): CellAddress | null {
  const figure = search.get('figure')
  const index = Number(search.get('cell') ?? Number.NaN)
  return figure !== null && Number.isInteger(index) && index >= 0 ? { figure, index } : null
}

function query(values: Readonly<Record<string, string | null>>): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) if (value !== null) search.set(key, value)
  const text = search.toString().replaceAll('%2C', ',')
  return text === '' ? '' : `?${text}`
}

const here = () => parseRoute(window.location.pathname, window.location.search)
const current = createStore<Route>(typeof window === 'undefined' ? { view: 'home' } : here())
if (typeof window !== 'undefined') window.addEventListener('popstate', () => current.set(here()))

export const currentRoute = (): Route => current.get()

export function useRoute(): Route {
  return useStore(current)
}

/** Goes to a view; `replace` keeps the back button for steps that matter. */
export function navigate(route: Route, how: 'push' | 'replace' = 'push'): void {
  const url = formatRoute(route)
  if (how === 'push') window.history.pushState(null, '', url)
  else window.history.replaceState(null, '', url)
  current.set(route)
}
