import { spawn } from 'node:child_process'
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isLocked, lockRun } from '../../../studies/runs/lock.ts'
import { temporaryFolder } from './support.ts'

function foreignLock(dir: string, owner: Record<string, unknown>): void {
  writeFileSync(join(dir, 'lock'), JSON.stringify({ host: hostname(), began: '', nonce: 'other', ...owner }))
}

describe('run lock', () => {
  it('is held by one, and free after release', () => {
    const dir = temporaryFolder()
    const lock = lockRun(dir)
    expect(isLocked(dir)).toBe(true)
    expect(() => lockRun(dir)).toThrow(/another process writes it/)
    lock.release()
    expect(isLocked(dir)).toBe(false)
    expect(existsSync(join(dir, 'lock'))).toBe(false)
    lockRun(dir).release()
  })

  it('that a power cut left empty is in nobody’s way, though the clock was put back since', () => {
    const dir = temporaryFolder()
    const path = join(dir, 'lock')
    const inAnHour = new Date(Date.now() + 3_600_000)
    writeFileSync(path, '')
    expect(() => lockRun(dir)).toThrow(/another process has just taken it/)
    utimesSync(path, inAnHour, inAnHour)
    lockRun(dir).release()
  })

  it('is respected while its owner lives, and taken over when it is gone', async () => {
    const dir = temporaryFolder()
    const owner = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
    onTestFinished(() => void owner.kill('SIGKILL'))
    foreignLock(dir, { pid: owner.pid })
    expect(() => lockRun(dir)).toThrow(`process ${owner.pid} on ${hostname()}`)
    const ended = new Promise(resolve => owner.once('exit', resolve))
    owner.kill('SIGKILL')
    await ended
    expect(isLocked(dir)).toBe(false)
    const lock = lockRun(dir)
    expect(JSON.parse(readFileSync(join(dir, 'lock'), 'utf8')).pid).toBe(process.pid)
    lock.release()
  })

  it('is not fooled by this process having the number of an earlier owner', () => {
    const dir = temporaryFolder()
    foreignLock(dir, { pid: process.pid })
    expect(isLocked(dir)).toBe(false)
  })

  it.runIf(existsSync('/proc/1/stat'))('is not fooled by another process having it', () => {
    const dir = temporaryFolder()
    foreignLock(dir, { pid: process.ppid, began: '1' })
    expect(isLocked(dir)).toBe(false)
    foreignLock(dir, { pid: process.ppid, began: '' })
    expect(isLocked(dir)).toBe(true)
  })

  it('of another machine counts while it is touched', () => {
    const dir = temporaryFolder()
    foreignLock(dir, { pid: 1, host: 'elsewhere' })
    expect(isLocked(dir)).toBe(true)
  })
})
