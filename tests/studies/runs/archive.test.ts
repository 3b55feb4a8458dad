/** A run as one file: there and back, and whatever a stranger may send instead. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { unpackRun } from '../../../studies/runs/archive.ts'
import { readRun } from '../../../studies/runs/folder.ts'
import { encodeEvent } from '../../../studies/runs/journal.ts'
import { RunShelf } from '../../../studies/runs/shelf.ts'
import { type TarFile, writeTar } from '../../../studies/runs/tar.ts'
import { seededRandom } from '../../support/random.ts'
import { FIGURE_EVENT, RECORD, runWith, temporaryFolder } from './support.ts'

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

function aRun(runsDir: string) {
  return runWith(
    runsDir,
    { type: 'state', state: 'running' },
    FIGURE_EVENT,
    { type: 'cells', figure: 'f', first: 0, values: [0.1, Number.NaN, Number.POSITIVE_INFINITY], marks: [0, 1, 0] },
    { type: 'note', text: 'Noted <b>&amp;.' },
    { type: 'summary', values: { best: Number.NaN } },
    { type: 'state', state: 'done' },
  )
}

/** An archive of these files as they are given, however wrong. */
async function archiveOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const entries = Object.entries(files).map(
    ([path, text]): TarFile => ({ path, size: Buffer.byteLength(text), content: Readable.from([Buffer.from(text)]) }),
  )
  return gzipSync(await bytesOf(writeTar(entries)))
}

const journalText = (...bodies: object[]) =>
  bodies.map((body, seq) => JSON.stringify({ seq, t: 0, ...body })).join('\n')
const GOOD = {
  'r/run.json': JSON.stringify({ ...RECORD, id: 'r' }),
  'r/journal.ndjson': encodeEvent({ seq: 0, t: 0, type: 'state', state: 'done' }),
}

describe('an archive', () => {
  it('goes out and in: the same run, whatever was said of it, what was exported, and where it is from', async () => {
    const from = temporaryFolder()
    const { dir, id } = aRun(from)
    const shelf = new RunShelf(from)
    shelf.annotate(id, { name: 'The one', tags: undefined, addTags: ['paper'], starred: true } as object)
    mkdirSync(join(dir, 'figures'))
    writeFileSync(join(dir, 'figures', 'f.svg'), '<svg/>')
    writeFileSync(join(dir, 'study.ts'), 'export default 1')
    writeFileSync(join(dir, 'notes to myself.txt'), 'not part of it')
    const packed = await bytesOf(shelf.pack(id))

    const to = temporaryFolder()
    const there = new RunShelf(to)
    const summary = await there.unpack(Readable.from([packed]))
    expect(summary).toMatchObject({ id, state: 'done', meta: { name: 'The one', tags: ['paper'], imported: { id } } })
    expect(readdirSync(to)).toEqual([id])
    const made = readRun(dir)
    expect(readRun(join(to, id))).toEqual({
      ...made,
      record: { ...made.record, model: { ...made.record.model, dir: '' } },
    })
    expect(readFileSync(join(to, id, 'figures', 'f.svg'), 'utf8')).toBe('<svg/>')
    expect(readFileSync(join(to, id, 'study.ts'), 'utf8')).toBe('export default 1')
    expect(readdirSync(join(to, id)).sort()).toEqual(['figures', 'journal.ndjson', 'meta.json', 'run.json', 'study.ts'])
  })

  it('gets a new id where a run has its own, and both stay whole', async () => {
    const runsDir = temporaryFolder()
    const { id, dir } = aRun(runsDir)
    const shelf = new RunShelf(runsDir)
    const packed = await bytesOf(shelf.pack(id))
    const second = await shelf.unpack(Readable.from([packed]))
    expect(second.id).not.toBe(id)
    expect(second.id).toMatch(/-counting-[a-z0-9]{4}$/)
    expect(shelf.list()).toMatchObject({ runs: [{}, {}], skipped: [] })
    const { record: _a, ...first } = readRun(dir)
    const { record, ...copy } = readRun(join(runsDir, second.id))
    expect(copy).toEqual(first)
    expect(record).toEqual({ ...RECORD, id: second.id, model: { ...RECORD.model, dir: '' } })
  })

  it('takes no path of the machine out, and lets none in', async () => {
    const runsDir = temporaryFolder()
    const { dir, id } = aRun(runsDir)
    const model = { ...RECORD.model, dir: '/home/alice/models/secret' }
    const record = JSON.stringify({ ...RECORD, id, model, studyFile: '/home/alice/study.ts' })
    writeFileSync(join(dir, 'run.json'), record)
    const shelf = new RunShelf(runsDir)
    expect(gunzipSync(await bytesOf(shelf.pack(id))).toString('latin1')).not.toContain('alice')
    expect(readFileSync(join(dir, 'run.json'), 'utf8')).toBe(record)

    const made = await archiveOf({ ...GOOD, 'r/run.json': record.replace(id, 'r') })
    const there = await shelf.unpack(Readable.from([made]))
    expect(readFileSync(join(runsDir, there.id, 'run.json'), 'utf8')).not.toContain('alice')
  })

  const cases: [string, () => Promise<Buffer> | Buffer, RegExp][] = [
    ['is empty', () => Buffer.alloc(0), /^archive: it ends early$/],
    [
      'is something else',
      () => Buffer.from('{"not": "an archive"}'),
      /^archive: it is damaged, or no archive of a run$/,
    ],
    ['is gzip of something else', () => gzipSync('x'.repeat(2000)), /^archive: it is damaged, or no archive$/],
    ['ends early', async () => (await archiveOf(GOOD)).subarray(0, 200), /^archive: it ends early$/],
    [
      'ends early inside the tar',
      async () => gzipSync(gunzipSync(await archiveOf(GOOD)).subarray(0, 900)),
      /^archive: it ends early$/,
    ],
    ['lacks run.json', () => archiveOf({ 'r/journal.ndjson': '' }), /^archive: .* got none called run\.json$/],
    ['lacks the journal', () => archiveOf({ 'r/run.json': GOOD['r/run.json'] }), /got none called journal\.ndjson$/],
    [
      'has a torn run.json',
      () => archiveOf({ ...GOOD, 'r/run.json': '{"format": 1' }),
      /^archive: its run\.json is damaged$/,
    ],
    [
      'has a run.json with an id that leads elsewhere',
      () => archiveOf({ ...GOOD, 'r/run.json': JSON.stringify({ ...RECORD, id: '../../x' }) }),
      /^archive: its run\.json is damaged: expected an id/,
    ],
    [
      'has a study that leads elsewhere',
      () => archiveOf({ ...GOOD, 'r/run.json': JSON.stringify({ ...RECORD, study: '../runs/journal' }) }),
      /^archive: its run\.json is damaged: expected an id/,
    ],
    [
      'has a path upwards',
      () => archiveOf({ ...GOOD, 'r/../../evil': 'x' }),
      /expected the files of one run, got "r\/\.\.\//,
    ],
    ['has an absolute path', () => archiveOf({ ...GOOD, '/etc/evil': 'x' }), /expected the files of one run/],
    [
      'has a path upwards in figures',
      () => archiveOf({ ...GOOD, 'r/figures/..': 'x' }),
      /expected the files of one run/,
    ],
    ['has a hidden figure', () => archiveOf({ ...GOOD, 'r/figures/.bashrc': 'x' }), /expected the files of one run/],
    [
      'has a file of another kind',
      () => archiveOf({ ...GOOD, 'r/lock': 'x' }),
      /expected the files of one run, got "r\/lock"/,
    ],
    [
      'has a file twice',
      async () => {
        const [one, two] = [gunzipSync(await archiveOf(GOOD)), gunzipSync(await archiveOf(GOOD))]
        return gzipSync(Buffer.concat([one.subarray(0, -1024), two]))
      },
      /too many files, or one twice/,
    ],
    [
      'has a link',
      async () => {
        const tar = gunzipSync(await archiveOf({ 'r/figures/x': '', ...GOOD }))
        tar.write('2', 156)
        tar.write('/etc/passwd', 157)
        let sum = 0
        for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 32 : (tar[i] ?? 0)
        tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
        return gzipSync(tar)
      },
      /^archive: expected plain files, got "r\/figures\/x", a link/,
    ],
    [
      'has a journal with a line that is none',
      () => archiveOf({ ...GOOD, 'r/journal.ndjson': `${GOOD['r/journal.ndjson']}x\n` }),
      /^archive: its journal is damaged at line 2$/,
    ],
    [
      'has cells beyond its figure',
      () =>
        archiveOf({
          ...GOOD,
          'r/journal.ndjson': journalText(FIGURE_EVENT, { type: 'cells', figure: 'f', first: 3, values: [1, 2] }),
        }),
      /^archive: its journal is damaged at line 2$/,
    ],
    [
      'has cells that are no numbers',
      () =>
        archiveOf({
          ...GOOD,
          'r/journal.ndjson': journalText(FIGURE_EVENT, { type: 'cells', figure: 'f', first: 0, values: ['<b>'] }),
        }),
      /^archive: its journal is damaged at line 2$/,
    ],
    [
      'has a figure of more cells than memory',
      () => {
        const ticks = Array.from({ length: 4000 }, () => '')
        const axis = { kind: 'layer', label: '', ticks }
        const figure = { ...(FIGURE_EVENT.type === 'figure' ? FIGURE_EVENT.figure : {}), x: axis, y: axis }
        return archiveOf({ ...GOOD, 'r/journal.ndjson': journalText({ type: 'figure', figure }) })
      },
      /^archive: expected at most 500 figures of 8388608 cells together, got 1 of 16000000$/,
    ],
    [
      'has many figures that together are more than memory',
      () => {
        const axis = { kind: 'layer', label: '', ticks: Array.from({ length: 2000 }, () => '') }
        const figure = { ...(FIGURE_EVENT.type === 'figure' ? FIGURE_EVENT.figure : {}), x: axis, y: axis }
        const figures = ['a', 'b', 'c'].map(id => ({ type: 'figure', figure: { ...figure, id } }))
        return archiveOf({ ...GOOD, 'r/journal.ndjson': journalText(...figures) })
      },
      /^archive: expected at most 500 figures of 8388608 cells together, got 3 of 12000000$/,
    ],
  ]

  it.each(cases)('that %s is refused in one sentence, and nothing is left behind', async (_what, make, message) => {
    const runsDir = temporaryFolder()
    const shelf = new RunShelf(runsDir)
    const error = await shelf.unpack(Readable.from([await make()])).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    if (error instanceof Error) {
      expect(error.message).toMatch(message)
      expect(error.message).not.toContain('\n')
    }
    expect(readdirSync(runsDir)).toEqual([])
  })

  it('larger than it may be is refused as soon as that shows, packed and unpacked', async () => {
    const runsDir = temporaryFolder()
    const small = { packedBytes: 20_000, unpackedBytes: 100_000, files: 3 }
    const bomb = await archiveOf({ ...GOOD, 'r/figures/zeros': '0'.repeat(1e6) })
    expect(bomb.length).toBeLessThan(small.packedBytes)
    const pieces = Array.from({ length: 40 }, () => Buffer.alloc(1000, 1))
    const many = await archiveOf({ ...GOOD, 'r/figures/a': '', 'r/figures/b': '' })
    const behind = gzipSync(Buffer.concat([gunzipSync(await archiveOf(GOOD)), Buffer.alloc(1e6)]))
    for (const [content, message] of [
      [Readable.from([bomb]), /^archive: expected at most 0\.1 MB, got more$/],
      [Readable.from([behind]), /^archive: expected at most 0\.1 MB, got more$/],
      [Readable.from([gzipSync(Buffer.alloc(0)), ...pieces]), /^archive: /],
      [Readable.from([many]), /^archive: it holds too many files/],
    ] as const) {
      await expect(unpackRun(runsDir, content, small)).rejects.toThrow(message)
    }
    expect(readdirSync(runsDir)).toEqual([])
  })

  it('with any byte changed is refused or the same run, and never spoils the list', async () => {
    const from = temporaryFolder()
    const { id } = aRun(from)
    const packed = await bytesOf(new RunShelf(from).pack(id))
    const random = seededRandom(7)
    const shelf = new RunShelf(temporaryFolder())
    for (let i = 0; i < 60; i++) {
      const wrong = Buffer.from(packed)
      const at = Math.floor(random() * wrong.length)
      wrong[at] = (wrong[at] ?? 0) ^ (1 + Math.floor(random() * 255))
      await shelf.unpack(Readable.from([wrong])).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'StudyError' })
      })
    }
    expect(shelf.list().skipped).toEqual([])
  })

  it('whose sender goes away leaves nothing behind', async () => {
    const runsDir = temporaryFolder()
    const packed = await archiveOf(GOOD)
    async function* broken() {
      yield packed.subarray(0, 100)
      throw new Error('aborted')
    }
    await expect(new RunShelf(runsDir).unpack(broken())).rejects.toThrow(/aborted/)
    expect(readdirSync(runsDir)).toEqual([])
  })
})
