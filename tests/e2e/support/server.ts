/** The real command line's `serve`, as a child process with a runs folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export interface ServeOptions {
  readonly studies?: readonly string[]
  /** Kept from an earlier server, which ended. */
  readonly runsDir?: string
  readonly port?: number
}

export interface Served {
  /** Without a slash at the end. */
  readonly origin: string
  readonly port: number
  readonly runsDir: string
  /** Where new studies are written. */
  readonly studiesDir: string
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** Ends it as Ctrl-C does. */
  stop(): Promise<void>
  /** Stops it and removes its runs folder. */
  remove(): Promise<void>
}

export async function serve({ studies = [], runsDir, port = 0 }: ServeOptions = {}): Promise<Served> {
  const runs = runsDir ?? mkdtempSync(join(tmpdir(), 'patchlight-e2e-'))
  const studiesDir = `${runs}-studies`
  const words = ['serve', '--port', String(port), '--runs', runs, ...studies.flatMap(file => ['--study', file])]
  const child = spawn(process.execPath, [join(ROOT, 'ui/cli/bin.js'), ...words], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', PATCHLIGHT_STUDIES: studiesDir },
  })
  const origin = await printedAddress(child)
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return {
    origin,
    port: Number(new URL(origin).port),
    runsDir: runs,
    studiesDir,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    remove: async () => {
      await end('SIGTERM')
      for (const folder of [runs, studiesDir]) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function printedAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (piece: Buffer) => {
      said += piece.toString()
      const address = /https?:\/\/[^\s/]+/.exec(said)?.[0]
      if (address !== undefined) resolve(address)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', code => reject(new Error(`serve ended with ${code} before it printed its address:\n${said}`)))
  })
}
