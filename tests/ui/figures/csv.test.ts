/** The CSV of a figure reads back as the same ticks and numbers, whatever the tokens are. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { figureCsv } from '../../../ui/figures/csv.ts'
import { rippleFigure } from '../../support/memory-workbench.ts'

/** RFC 4180, strictly: fields between commas, quoted where they begin with a quote, lines end with CRLF. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y
  let row: string[] = []
  while (field.lastIndex < text.length) {
    const match = field.exec(text)
    if (match === null) throw new Error('not CSV')
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === '\r\n') {
      rows.push(row)
      row = []
    }
  }
  return rows
}

it('has one row a cell, with tokens as they are and "no value" empty', () => {
  const base = rippleFigure(2, 2)
  const spec = { ...base, x: { ...base.x, ticks: ['=1+1', ' "a",\r\nb'] }, y: { ...base.y, ticks: ['0', 'नमस्ते'] } }
  const csv = figureCsv({ spec, values: [1.5, Number.NaN, Number.NEGATIVE_INFINITY, 0.1], marks: [0, 1, 0, 0] })
  expect(csv).toBe(
    [
      'y_index,y_tick,x_index,x_tick,value,mark',
      '0,"0",0,"=1+1",1.5,',
      '0,"0",1," ""a"",\r\nb",,"×"',
      '1,"नमस्ते",0,"=1+1",-inf,',
      '1,"नमस्ते",1," ""a"",\r\nb",0.1,',
      '',
    ].join('\r\n'),
  )
})

it('reads back as it was', () => {
  const ticks = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(ticks, ticks, fc.double({ noNaN: true, noDefaultInfinity: true }), (x, y, value) => {
      const base = rippleFigure(1, 1)
      const spec = { ...base, x: { ...base.x, ticks: x }, y: { ...base.y, ticks: y } }
      const cells = x.length * y.length
      const rows = parseCsv(figureCsv({ spec, values: Array(cells).fill(value), marks: Array(cells).fill(0) })).slice(1)
      expect(rows.map(row => [row[1], row[3]])).toEqual(y.flatMap(yTick => x.map(xTick => [yTick, xTick])))
      // -0 is written as 0: the one number that differs, and only in its sign.
      expect(rows.every(row => Number(row[4]) === value)).toBe(true)
    }),
    { numRuns: 50 },
  )
})
