/**
 * A disk without room: nothing half is left, nothing that was there is lost. A limit on the size of
 * files is the nearest thing to a full disk that needs no other disk; it cuts writes in the same way.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readMeta } from '../../../studies/runs/meta.ts'
import { RunShelf } from '../../../studies/runs/shelf.ts'
import { runWith, temporaryFolder } from './support.ts'

const LONG = 'x'.repeat(3000)

/** Calls a function of a module of studies/runs in a process that may write files of `kB` only; what it threw. */
function withRoomFor(kB: number, module: string, call: string): string {
  const url = pathToFileURL(join(import.meta.dirname, '../../../studies/runs', module)).href
  const script = `import * as m from ${JSON.stringify(url)}; try { ${call}; console.log('written') } catch (e) { console.log(e.message) }`
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', script]
  // Shells count in half kilobytes or whole ones; the texts are longer than either.
  const { stdout, stderr } = spawnSync('sh', ['-c', `ulimit -f ${kB}; exec "$@"`, 'sh', ...node], { encoding: 'utf8' })
  return stdout.trim() === '' ? stderr : stdout.trim()
}

describe.runIf(process.platform !== 'win32')('a disk without room', () => {
  it('a note that does not fit is refused, and what was said before stays', () => {
    const { dir } = runWith(temporaryFolder(), { type: 'state', state: 'done' })
    const before = new RunShelf(join(dir, '..')).annotate(readdirSync(join(dir, '..'))[0] ?? '', { name: 'Precious' })
    const said = withRoomFor(1, 'meta.ts', `m.changeMeta(${JSON.stringify(dir)}, { note: ${JSON.stringify(LONG)} })`)
    expect(said).toMatch(/meta\.json: cannot be written: the file may not grow any further/)
    expect(readMeta(dir)).toEqual(before.meta)
    expect(readdirSync(dir).sort()).toEqual(['journal.ndjson', 'meta.json', 'run.json'])
  })

  it('a run whose record does not fit leaves no folder, a source that does not fit no part of it', () => {
    const runsDir = temporaryFolder()
    const record = JSON.stringify({
      study: 'counting',
      createdAt: '2026-11-21T14:30:00.000Z',
      params: { prompt: LONG },
    })
    expect(withRoomFor(1, 'folder.ts', `m.createRunFolder(${JSON.stringify(runsDir)}, ${record})`)).toMatch(
      /runs folder .*: cannot be written: /,
    )
    expect(readdirSync(runsDir)).toEqual([])
    const source = `m.keepSource(${JSON.stringify(runsDir)}, 'own.ts', ${JSON.stringify(LONG)})`
    expect(withRoomFor(1, 'source.ts', source)).toMatch(/study\.ts: cannot be written: /)
    expect(readdirSync(runsDir)).toEqual([])
  })

  it('runs can be deleted all the same: that is how room is made', () => {
    const runsDir = temporaryFolder()
    const { id } = runWith(runsDir, { type: 'state', state: 'done' })
    const call = `m.deleteRun(${JSON.stringify(runsDir)}, ${JSON.stringify(id)})`
    // Without room for one byte, its own error has no place to go to but the pipe.
    expect(withRoomFor(0, 'trash.ts', call)).toBe('written')
    expect(new RunShelf(runsDir).deleted().map(({ run }) => run.id)).toEqual([id])
    expect(readdirSync(runsDir)).toEqual(['.trash'])
  })
})
