import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventBody } from '../../../studies/runs/events.ts'
import { decodeLine, encodeEvent, JournalWriter, readJournal } from '../../../studies/runs/journal.ts'
import { temporaryFolder } from './support.ts'

const note = (text: string): EventBody => ({ type: 'note', text })

function journalOf(...bodies: EventBody[]): string {
  const path = join(temporaryFolder(), 'journal.ndjson')
  const writer = new JournalWriter(path)
  for (const [t, body] of bodies.entries()) writer.append(body, t)
  writer.close()
  return path
}

describe('journal', () => {
  it('keeps every float64 as it is: NaN, infinities and minus zero too', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), values => {
        const line = encodeEvent({ seq: 0, t: 0, type: 'cells', figure: 'f', first: 0, values })
        const event = decodeLine(line)
        if (event?.type !== 'cells') throw new Error('no cells')
        expect(event.values.length).toBe(values.length)
        for (const [i, value] of values.entries()) expect(event.values[i]).toBe(value)
      }),
    )
    expect(encodeEvent({ seq: 0, t: 0, type: 'cells', figure: 'f', first: 0, values: [Number.NaN] })).toContain(
      '[null]',
    )
  })

  it('numbers events from 0 without gaps, over several writers', () => {
    const path = journalOf(note('a'), note('b'))
    const writer = new JournalWriter(path)
    expect(writer.append(note('c'), 7).seq).toBe(2)
    writer.close()
    expect(readJournal(path).events.map(event => event.seq)).toEqual([0, 1, 2])
  })

  it('drops a torn last line on reading, and cuts it before it writes again', () => {
    const path = journalOf(note('a'), note('the second, which is torn'))
    truncateSync(path, readFileSync(path).length - 8)
    expect(readJournal(path).events).toHaveLength(1)
    expect(readJournal(path).damage).toBeNull()
    const writer = new JournalWriter(path)
    expect(writer.append(note('again'), 1).seq).toBe(1)
    writer.close()
    expect(
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).text),
    ).toEqual(['a', 'again'])
  })

  it('drops a last line that has its end but not its middle', () => {
    const path = journalOf(note('a'))
    appendFileSync(path, '{"seq":1,"t":\u0000\u0000\n')
    expect(readJournal(path)).toMatchObject({ damage: null, events: [{ seq: 0 }] })
  })

  it('reads what precedes a damaged line, says so, and keeps the damaged file aside', () => {
    const path = journalOf(note('a'), note('b'), note('c'))
    const lines = readFileSync(path, 'utf8').split('\n')
    writeFileSync(path, [lines[0], 'garbage', lines[2], ''].join('\n'))
    expect(readJournal(path).events).toHaveLength(1)
    expect(readJournal(path).damage).toContain('line 2')
    const writer = new JournalWriter(path)
    writer.append(note('d'), 0)
    writer.close()
    const kept = readdirSync(join(path, '..')).find(name => name.includes('damaged')) ?? ''
    expect(readFileSync(join(path, '..', kept), 'utf8')).toContain('"c"')
  })

  it.runIf(existsSync('/dev/full'))('says that the disk is full, and writes nothing half', () => {
    const path = join(temporaryFolder(), 'journal.ndjson')
    symlinkSync('/dev/full', path)
    const writer = new JournalWriter(path)
    expect(() => writer.append(note('a'), 0)).toThrow(/journal\.ndjson: cannot be written: the disk is full/)
    expect(writer.nextSeq).toBe(0)
    writer.close()
  })
})
