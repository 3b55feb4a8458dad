/** Addresses: what they say, and that saying it again gives the same address. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { COLOURS } from '../../../ui/figures/view.ts'
import {
  type FigureLook,
  figureLook,
  type Look,
  PLAIN_LOOK,
  parseLook,
  type TableLook,
  tableLook,
  VIEWS,
  withFigureLook,
  withTableLook,
} from '../../../ui/web/services/look.ts'
import { ALL_RUNS, formatRoute, parseRoute, type Route } from '../../../ui/web/services/route.ts'

it.each<[string, Route]>([
  ['/', { view: 'home' }],
  ['/doctor', { view: 'doctor' }],
  ['/generate', { view: 'generate' }],
  ['/new/time-patching', { view: 'new', study: 'time-patching', preset: null }],
  ['/new/time-patching?preset=embedded', { view: 'new', study: 'time-patching', preset: 'embedded' }],
  ['/run/a-b', { view: 'run', run: 'a-b', cell: null }],
  ['/run/a-b?figure=resid&cell=12', { view: 'run', run: 'a-b', cell: { figure: 'resid', index: 12 } }],
  ['/run/a-b?figure=resid', { view: 'run', run: 'a-b', cell: null, figure: 'resid' }],
  [
    '/run/a-b?figure=resid&cell=12&tab=attention&head=3&layer=2&side=after&from=40',
    {
      view: 'run',
      run: 'a-b',
      cell: { figure: 'resid', index: 12 },
      drawer: { tab: 'attention', head: 3, layer: 2, side: 'after', from: 40 },
    },
  ],
  [
    '/run/a-b?view=line&scale=-2:2.5&transpose=1&layers=2-5&resid.scale=own&rows.sort=-effect',
    {
      view: 'run',
      run: 'a-b',
      cell: null,
      look: {
        all: { view: 'line', scale: { min: -2, max: 2.5 }, transpose: true, layers: { first: 2, last: 5 } },
        figures: new Map([['resid', { scale: 'own' }]]),
        tables: new Map([['rows', { sort: { key: 'effect', descending: true } }]]),
      },
    },
  ],
  [
    '/compare?runs=a,b&figure=resid&cell=1&tokens=%C2%B7am&zoom=x3-9,y0-4',
    {
      view: 'compare',
      runs: ['a', 'b'],
      cell: { figure: 'resid', index: 1 },
      look: {
        ...PLAIN_LOOK,
        all: { zoom: { x: { first: 3, last: 9 }, y: { first: 0, last: 4 } }, tokens: '·am' },
      },
    },
  ],
  ['/runs', { view: 'runs', ...ALL_RUNS }],
  [
    '/runs?search=a+%26+b&tag=x,y&tag=z&archived=1&starred=1',
    { view: 'runs', search: 'a & b', tags: ['x,y', 'z'], archived: true, starred: true },
  ],
  ['/watch?runs=a,b,c', { view: 'watch', runs: ['a', 'b', 'c'] }],
  ['/nowhere/x', { view: 'lost', path: '/nowhere/x' }],
])('%s', (address, route) => {
  const { pathname, search } = new URL(address, 'http://localhost')
  expect(parseRoute(pathname, search)).toEqual(route)
  expect(formatRoute(route)).toBe(address)
})

it.each(['?figure=&cell=x', '?cell=3', '?cell=3&head=x&layer=-1&utm=1'])(
  'a cell that is none opens none: %s',
  query => {
    const { view, cell, ...more } = parseRoute('/run/a', query) as Extract<Route, { view: 'run' }>
    expect([view, cell, more.drawer, more.look]).toEqual(['run', null, undefined, undefined])
  },
)

it('survives an address that is not well encoded', () => {
  expect(parseRoute('/run/%E0%A4%A', '')).toMatchObject({ view: 'run' })
})

it.each([
  'view=pie',
  'scale=2:1',
  'scale=1:1',
  'scale=:',
  'scale=0:Infinity',
  'scale=1:2:3',
  'transpose=yes',
  'layers=5-2',
  'layers=-1-2',
  'layers=a-b',
  'zoom=',
  'zoom=x5-2',
  'zoom=z1-2',
  'colours=jet',
  '.view=line',
  'rows.over=effect:-1',
  'rows.over=effect',
  'rows.sort=-',
  'constructor=1',
  'a.__proto__=1',
])('what makes no sense is ignored: %s', text => {
  expect(parseLook(new URLSearchParams(text))).toEqual(PLAIN_LOOK)
})

it('takes no text that is longer than any token', () => {
  expect(parseLook(new URLSearchParams({ tokens: 'x'.repeat(1000) }))).toEqual(PLAIN_LOOK)
})

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 })
/** What figures and tables may be called. */
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,12}$/)
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0)
const ticks = fc.tuple(fc.nat(9999), fc.nat(9999)).map(([first, more]) => ({ first, last: first + more }))
const anyTicks = fc.option(ticks)

const figure: fc.Arbitrary<Partial<FigureLook>> = fc.record(
  {
    view: fc.constantFrom(...VIEWS),
    scale: fc.oneof(
      fc.constantFrom('auto' as const, 'own' as const),
      fc
        .tuple(number, number)
        .filter(([a, b]) => a !== b)
        .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) })),
    ),
    colours: fc.option(fc.constantFrom(...COLOURS)),
    transpose: fc.boolean(),
    layers: anyTicks,
    tokens: fc.oneof(fc.constant(''), text),
    zoom: fc.record({ x: anyTicks, y: anyTicks }),
  },
  { requiredKeys: [] },
)
const table: fc.Arbitrary<Partial<TableLook>> = fc.record(
  {
    sort: fc.option(fc.record({ key: text, descending: fc.boolean() })),
    over: fc.option(fc.record({ key: text, least: number.map(Math.abs) })),
  },
  { requiredKeys: [] },
)
const named = <T extends object>(one: fc.Arbitrary<T>) =>
  fc
    .dictionary(id, one, { maxKeys: 3, noNullPrototype: true })
    .map(found => new Map(Object.entries(found).filter(([, value]) => Object.keys(value).length > 0)))
const look: fc.Arbitrary<Look> = fc.record({ all: figure, figures: named(figure), tables: named(table) })
const isPlain = ({ all, figures, tables }: Look) => Object.keys(all).length + figures.size + tables.size === 0

const cell = fc.option(fc.record({ figure: text, index: fc.nat(999_999) }))
const drawer = fc.record({ tab: text, head: fc.nat(99), layer: fc.nat(99) }, { requiredKeys: [] })
const place = fc.tuple(cell, fc.option(text), look).map(([at, about, how]) => ({
  cell: at,
  ...(at === null && about !== null ? { figure: about } : {}),
  ...(isPlain(how) ? {} : { look: how }),
}))

const route: fc.Arbitrary<Route> = fc.oneof(
  fc.tuple(id, place, drawer).map(
    ([run, at, open]): Route => ({
      view: 'run',
      run,
      ...at,
      ...(Object.keys(open).length === 0 ? {} : { drawer: open }),
    }),
  ),
  fc.tuple(fc.array(id), place).map(([runs, at]): Route => ({ view: 'compare', runs, ...at })),
  fc
    .record({
      search: fc.oneof(fc.constant(''), text),
      tags: fc.array(text),
      archived: fc.boolean(),
      starred: fc.boolean(),
    })
    .map((query): Route => ({ view: 'runs', ...query })),
)

it('any state of a page comes back from its address', () => {
  fc.assert(
    fc.property(route, one => {
      const { pathname, search } = new URL(formatRoute(one), 'http://localhost')
      expect(parseRoute(pathname, search)).toEqual(one)
    }),
    { numRuns: 500 },
  )
})

it('any query is read without a crash, and what was understood is said again', () => {
  const key = fc.oneof(
    fc.constantFrom(
      'view',
      'scale',
      'layers',
      'zoom',
      'tokens',
      'f.view',
      't.sort',
      't.over',
      'cell',
      'figure',
      'head',
    ),
    text,
  )
  const value = fc.oneof(fc.stringMatching(/^[-+x0-9:.,a-z]{0,9}$/), text)
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value)), parameters => {
      const once = formatRoute(parseRoute('/run/a', `?${new URLSearchParams(parameters)}`))
      const { pathname, search } = new URL(once, 'http://localhost')
      expect(formatRoute(parseRoute(pathname, search))).toBe(once)
    }),
    { numRuns: 500 },
  )
})

it('a group looks as the page does but for what was changed there', () => {
  const page = { ...PLAIN_LOOK, all: { view: 'line' as const } }
  expect(figureLook(page, 'a').view).toBe('line')
  const heat = withFigureLook(page, 'a', { view: 'heat', scale: 'own' })
  expect([figureLook(heat, 'a').view, figureLook(heat, 'b').view]).toEqual(['heat', 'line'])
  expect(heat.figures.get('a')).toEqual({ view: 'heat', scale: 'own' })
  expect(withFigureLook(heat, 'a', { view: 'line', scale: 'auto' })).toEqual(page)
})

it('a table in its own order says nothing in the address', () => {
  const sorted = withTableLook(PLAIN_LOOK, 't', { sort: { key: 'k', descending: true } })
  expect(tableLook(sorted, 't').sort).toEqual({ key: 'k', descending: true })
  expect(withTableLook(sorted, 't', { sort: null })).toEqual(PLAIN_LOOK)
})
