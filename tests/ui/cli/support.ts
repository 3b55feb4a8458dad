/** The real command line, in a process of its own or in this one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { execute } from '../../../ui/cli/main.ts'

const BIN = fileURLToPath(new URL('../../../ui/cli/bin.js', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Started {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  /** Resolves once standard output or error holds the text. */
  says(text: string): Promise<void>
}

export interface CliOptions {
  readonly cwd?: string
  /** Shell words before the command, such as a limit. */
  readonly shell?: string
}

/** Starts `patchlight …args`; standard input is empty and nothing is a terminal. */
export function startCli(args: readonly string[], { cwd, shell }: CliOptions = {}): Started {
  const env = { ...process.env, PATCHLIGHT_BACKEND: 'wasm', PATCHLIGHT_RUNS: '', PATCHLIGHT_MODELS: '' }
  const words = [process.execPath, BIN, ...args]
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
  const options = { env, stdio, ...(cwd === undefined ? {} : { cwd }) }
  const child =
    shell === undefined
      ? spawn(process.execPath, words.slice(1), options)
      : spawn('bash', ['-c', `${shell}; exec "$@"`, 'bash', ...words], options)
  let out = ''
  let err = ''
  const waiting = new Set<() => void>()
  const hear = () => {
    for (const look of waiting) look()
  }
  child.stdout.setEncoding('utf8').on('data', chunk => {
    out += chunk
    hear()
  })
  child.stderr.setEncoding('utf8').on('data', chunk => {
    err += chunk
    hear()
  })
  const finished = new Promise<Finished>(resolve => {
    child.on('close', code => resolve({ code, out, err }))
  })
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!out.includes(text) && !err.includes(text)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
      void finished.then(end => reject(new Error(`it ended without saying ${text}: ${JSON.stringify(end)}`)))
    })
  return { child, finished, says }
}

/** Runs `patchlight …args` to its end. */
export function cli(args: readonly string[], options?: CliOptions): Promise<Finished> {
  return startCli(args, options).finished
}

/** Runs a command in this process: for the many cases where only words and codes matter. */
export async function inProcess(args: readonly string[]): Promise<Finished> {
  let out = ''
  let err = ''
  const code = await execute(args, {
    line: (text = '') => {
      out += `${text}\n`
    },
    write: text => {
      out += text
    },
    json: value => {
      out += `${JSON.stringify(value)}\n`
    },
    say: text => {
      err += `${text}\n`
    },
    status: () => {},
    live: false,
    bold: text => text,
    dim: text => text,
  })
  return { code, out, err }
}
