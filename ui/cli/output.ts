/**
 * Where a command writes: answers to standard output, everything else to standard error. A reader
 * that goes away (`| head`) ends the output, not in a crash.
 */

export interface Output {
  /** A line of the answer. */
  line(text?: string): void
  /** A part of the answer as it comes, without a line end. */
  write(text: string): void
  /** The whole answer as one JSON document; NaN becomes null. */
  json(value: unknown): void
  /** A line about what is going on. */
  say(text: string): void
  /** Replaces the last status line on a terminal; nothing elsewhere. An empty text clears it. */
  status(text: string): void
  /** Whether standard error is a terminal, so that `status` shows. */
  readonly live: boolean
  bold(text: string): string
  dim(text: string): string
}

const CLEAR_LINE = '\r\u001b[2K'

const ESCAPE = '\u001b'
/** Control characters but line ends and tabs; the escapes of `paint` are matched first, and stay. */
const CONTROLS = new RegExp(`${ESCAPE}\\[[012]m|[^\\P{Cc}\\n\\t]`, 'gu')

/** Names, prompts and tokens are strangers' texts: what they hold must not move the cursor or clear the screen. */
export function forTerminal(text: string): string {
  return text.replace(CONTROLS, found => (found.length > 1 ? found : '\uFFFD'))
}

function paint(code: number, text: string): string {
  const plain = process.stdout.isTTY !== true || (process.env.NO_COLOR ?? '') !== ''
  return plain ? text : `\u001b[${code}m${text}\u001b[0m`
}

/** The process's own streams. */
export function processOutput(): Output {
  const live = process.stderr.isTTY === true
  const answer = (text: string) => process.stdout.write(process.stdout.isTTY === true ? forTerminal(text) : text)
  let statusShown = false
  const clear = () => {
    if (statusShown) process.stderr.write(CLEAR_LINE)
    statusShown = false
  }
  return {
    line: (text = '') => {
      clear()
      answer(`${text}\n`)
    },
    write: text => {
      clear()
      answer(text)
    },
    json: value => {
      clear()
      process.stdout.write(`${JSON.stringify(value)}\n`)
    },
    say: text => {
      clear()
      process.stderr.write(`${live ? forTerminal(text) : text}\n`)
    },
    status: text => {
      if (!live) return
      clear()
      const columns = process.stderr.columns ?? 80
      if (text === '') return
      process.stderr.write(text.slice(0, columns - 1))
      statusShown = true
    },
    live,
    bold: text => paint(1, text),
    dim: text => paint(2, text),
  }
}

/** Ends quietly when the reader of standard output or error is gone. */
export function endOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader has what it wanted. Runs go on in their journals; a run in this process becomes resumable.
      if (error.code === 'EPIPE') process.exit(0)
      if (stream === process.stdout) process.stderr.write(`patchlight: standard output: ${error.message}\n`)
      process.exit(1)
    })
  }
}
