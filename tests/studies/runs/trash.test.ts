import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lockRun } from '../../../studies/runs/lock.ts'
import { RunShelf } from '../../../studies/runs/shelf.ts'
import { purgeTrash } from '../../../studies/runs/trash.ts'
import { runWith, temporaryFolder } from './support.ts'

const DONE = { type: 'state', state: 'done' } as const
const DAY_MS = 24 * 3600 * 1000

function contents(dir: string): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return Object.fromEntries(
    names.map(({ name, parentPath }) => [name, readFileSync(join(parentPath, name), 'utf8')] as const),
  )
}

describe('deleted runs', () => {
  it('leave the list, and come back whole', () => {
    const runsDir = temporaryFolder()
    const shelf = new RunShelf(runsDir)
    const { dir, id } = runWith(runsDir, DONE)
    const other = runWith(runsDir, DONE).id
    mkdirSync(join(dir, 'figures'))
    writeFileSync(join(dir, 'figures', 'a.pdf'), 'drawn')
    shelf.annotate(id, { name: 'Kept' })
    const before = contents(dir)
    const summary = shelf.summary(id)

    shelf.remove(id)
    expect(existsSync(dir)).toBe(false)
    expect(shelf.list()).toMatchObject({ runs: [{ id: other }], skipped: [] })
    expect(shelf.deleted()).toEqual([{ deletedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), run: summary }])
    expect(() => shelf.remove(id)).toThrow(/none of that name/)

    expect(shelf.restore(id)).toEqual(summary)
    expect(contents(dir)).toEqual(before)
    expect(shelf.deleted()).toEqual([])
    expect(() => shelf.restore(id)).toThrow(/it is not among the deleted runs$/)
  })

  it('are not those that somebody computes', () => {
    const runsDir = temporaryFolder()
    const { dir, id } = runWith(runsDir, { type: 'state', state: 'running' })
    const lock = lockRun(dir)
    const shelf = new RunShelf(runsDir)
    expect(() => shelf.remove(id)).toThrow(/it cannot be deleted while it computes or waits; cancel it first$/)
    expect(shelf.list().runs).toHaveLength(1)
    lock.release()
    shelf.remove(id)
    expect(shelf.deleted()[0]?.run.state).toBe('interrupted')
    // What was taken for the move is not left in the way of a resume.
    shelf.restore(id)
    lockRun(dir).release()
  })

  it('do not take the place of a run that has their name now', () => {
    const runsDir = temporaryFolder()
    const { dir, id } = runWith(runsDir, DONE)
    const shelf = new RunShelf(runsDir)
    shelf.remove(id)
    mkdirSync(dir)
    expect(() => shelf.restore(id)).toThrow(/another run has its name/)
    expect(shelf.deleted()).toHaveLength(1)
  })

  it('go for good after 30 days, or at once when that is asked for, and nothing else does', async () => {
    const runsDir = temporaryFolder()
    const shelf = new RunShelf(runsDir)
    const old = runWith(runsDir, DONE)
    shelf.remove(old.id)
    writeFileSync(join(runsDir, '.trash', 'somebody’s own'), '')
    const now = Date.now()
    expect(await purgeTrash(runsDir, 'old', now + 29 * DAY_MS)).toBe(0)
    expect(await purgeTrash(runsDir, 'old', now + 31 * DAY_MS)).toBe(1)
    expect(shelf.deleted()).toEqual([])
    const { id } = runWith(runsDir, DONE)
    shelf.remove(id)
    expect(await shelf.purge('old')).toBe(0)
    expect(await shelf.purge('all')).toBe(1)
    expect(readdirSync(join(runsDir, '.trash'))).toEqual(['somebody’s own'])
    expect(() => shelf.restore('../..')).toThrow(/not among the deleted runs/)
  })
})
