/** Addresses: what they say, and that saying it again gives the same address. */
import { expect, it } from 'vitest'
import { formatRoute, parseRoute, type Route } from '../../../ui/web/services/route.ts'

it.each<[string, Route]>([
  ['/', { view: 'home' }],
  ['/doctor', { view: 'doctor' }],
  ['/generate', { view: 'generate' }],
  ['/new/time-patching', { view: 'new', study: 'time-patching', preset: null }],
  ['/new/time-patching?preset=embedded', { view: 'new', study: 'time-patching', preset: 'embedded' }],
  ['/run/a-b', { view: 'run', run: 'a-b', cell: null }],
  ['/run/a-b?figure=resid&cell=12', { view: 'run', run: 'a-b', cell: { figure: 'resid', index: 12 } }],
  ['/watch?runs=a,b,c', { view: 'watch', runs: ['a', 'b', 'c'] }],
  ['/nowhere/x', { view: 'lost', path: '/nowhere/x' }],
])('%s', (address, route) => {
  const { pathname, search } = new URL(address, 'http://localhost')
  expect(parseRoute(pathname, search)).toEqual(route)
  expect(formatRoute(route)).toBe(address)
})

it.each(['?figure=resid', '?figure=resid&cell=-1', '?figure=resid&cell=x', '?cell=3'])(
  'a cell that is none opens none: %s',
  query => {
    expect(parseRoute('/run/a', query)).toEqual({ view: 'run', run: 'a', cell: null })
  },
)

it('survives an address that is not well encoded', () => {
  expect(parseRoute('/run/%E0%A4%A', '')).toMatchObject({ view: 'run' })
})
