import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { changeMeta, NO_META, readMeta } from '../../../studies/runs/meta.ts'
import { RunShelf } from '../../../studies/runs/shelf.ts'
import { runWith, temporaryFolder } from './support.ts'

const DONE = { type: 'state', state: 'done' } as const

describe('what is said of a run', () => {
  it('is kept beside it, seen in lists at once and after a restart, and changes nothing else', () => {
    const runsDir = temporaryFolder()
    const { dir, id } = runWith(runsDir, DONE)
    const before = ['run.json', 'journal.ndjson'].map(name => readFileSync(join(dir, name), 'utf8'))
    const shelf = new RunShelf(runsDir)
    expect(shelf.list().runs[0]?.meta).toEqual(NO_META)
    shelf.annotate(id, {
      name: ' The  one\nfor the paper ',
      note: 'Head 3.1 stands out.\n',
      addTags: ['am/pm', 'paper'],
    })
    shelf.annotate(id, { starred: true })
    const said = {
      name: 'The one for the paper',
      note: 'Head 3.1 stands out.',
      tags: ['am/pm', 'paper'],
      starred: true,
      archived: false,
    }
    expect(shelf.list().runs[0]?.meta).toEqual(said)
    expect(new RunShelf(runsDir).summary(id).meta).toEqual(said)
    expect(['run.json', 'journal.ndjson'].map(name => readFileSync(join(dir, name), 'utf8'))).toEqual(before)
    expect(readdirSync(dir).sort()).toEqual(['journal.ndjson', 'meta.json', 'run.json'])
  })

  it('takes changes of different things by different people; tags come and go one by one', () => {
    const runsDir = temporaryFolder()
    const { id } = runWith(runsDir, DONE)
    const [mine, yours] = [new RunShelf(runsDir), new RunShelf(runsDir)]
    mine.summary(id)
    yours.summary(id)
    mine.annotate(id, { addTags: ['a'] })
    yours.annotate(id, { addTags: ['b', 'A'] })
    mine.annotate(id, { name: 'Mine' })
    yours.annotate(id, { archived: true })
    mine.annotate(id, { addTags: ['c'], removeTags: ['B'] })
    expect(yours.summary(id).meta).toEqual({ ...NO_META, name: 'Mine', tags: ['a', 'c'], archived: true })
  })

  it.each([
    ['torn', '{"name": "x'],
    ['a list', '[]'],
    ['nothing', ''],
  ])('never hides a run: a file that is %s says nothing, and is set aside before another is written', (_, text) => {
    const runsDir = temporaryFolder()
    const { dir, id } = runWith(runsDir, DONE)
    writeFileSync(join(dir, 'meta.json'), text)
    const shelf = new RunShelf(runsDir)
    expect(shelf.list()).toMatchObject({ runs: [{ id, meta: NO_META }], skipped: [] })
    shelf.annotate(id, { name: 'New' })
    expect(shelf.list().runs[0]?.meta.name).toBe('New')
    expect(readFileSync(join(dir, 'meta.json.damaged'), 'utf8')).toBe(text)
  })

  it('keeps the fields that are right where another is wrong', () => {
    const { dir } = runWith(temporaryFolder(), DONE)
    writeFileSync(join(dir, 'meta.json'), JSON.stringify({ name: 'Right', tags: 'wrong', starred: 1, future: {} }))
    expect(readMeta(dir)).toEqual({ ...NO_META, name: 'Right' })
  })

  it.each([
    [{ name: 'x'.repeat(121) }, /^name: expected at most 120 characters, got 121$/],
    [{ note: 'x'.repeat(4001) }, /^note: expected at most 4000 characters/],
    [{ addTags: ['a,b'] }, /^tag "a,b": expected some text without a comma$/],
    [{ addTags: [' '] }, /^tag " ": expected some text/],
    [{ addTags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, /^tags: expected at most 20 on a run, got 21$/],
  ])('refuses what would not fit, whole: %o', (patch, message) => {
    const { dir } = runWith(temporaryFolder(), DONE)
    changeMeta(dir, { name: 'Before' })
    expect(() => changeMeta(dir, { ...patch, starred: true })).toThrow(message)
    expect(readMeta(dir)).toEqual({ ...NO_META, name: 'Before' })
  })
})
