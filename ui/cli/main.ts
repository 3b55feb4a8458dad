/** The command line: finds the command, runs it, and turns what goes wrong into one sentence and an exit code. */
import { PatchlightError, UsageError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import { versions } from '../../studies/runs/versions.ts'
import type { AnyCommand } from './command.ts'
import { commandHelp, overview } from './help.ts'
import { endOnClosedPipe, type Output, processOutput } from './output.ts'

/** Loaded on demand: `patchlight runs` needs no tensor library. */
const COMMANDS: Readonly<Record<string, () => Promise<AnyCommand>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  studies: async () => (await import('./studies.ts')).studies,
  run: async () => (await import('./run.ts')).run,
  resume: async () => (await import('./resume.ts')).resume,
  runs: async () => (await import('./runs.ts')).runs,
  show: async () => (await import('./show.ts')).show,
  import: async () => (await import('./import.ts')).importRun,
  'new-study': async () => (await import('./new-study.ts')).newStudy,
  export: async () => (await import('./export.ts')).exportRun,
  compare: async () => (await import('./compare.ts')).compare,
  models: async () => (await import('./models.ts')).models,
  pull: async () => (await import('./pull.ts')).pull,
  logits: async () => (await import('./logits.ts')).logits,
  capture: async () => (await import('./capture.ts')).capture,
  generate: async () => (await import('./generate.ts')).generate,
  doctor: async () => (await import('./doctor.ts')).doctor,
  verify: async () => (await import('./verify.ts')).verify,
  'demo-eval': async () => (await import('./demo-eval.ts')).demoEval,
}

async function findCommand(name: string): Promise<AnyCommand> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load !== undefined) return load()
  const near = nearest(name, Object.keys(COMMANDS), 2)
  throw new UsageError(
    `there is no command ${JSON.stringify(name)}; the nearest are ${near.join(', ')} (see patchlight --help)`,
  )
}

function asksHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).some(word => word === '--help' || word === '-h')
}

async function dispatch(argv: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const [topic] = rest
    if (name === 'help' && topic !== undefined) {
      output.line(commandHelp(await findCommand(topic)))
      return 0
    }
    output.line(overview(await Promise.all(Object.values(COMMANDS).map(load => load()))))
    return name === undefined ? 2 : 0
  }
  if (name === '--version') {
    output.line(versions().patchlight)
    return 0
  }
  const command = await findCommand(name)
  if (asksHelp(rest)) {
    output.line(commandHelp(command))
    return 0
  }
  return command.execute(rest, output)
}

function explain(error: unknown): string {
  if (error instanceof PatchlightError) return `patchlight: ${error.message}`
  const message = error instanceof Error ? error.message : String(error)
  const sentence = message.startsWith('internal:') ? message : `internal: ${message}`
  const stack = error instanceof Error && process.env.PATCHLIGHT_DEBUG === '1' ? `\n${error.stack}` : ''
  return `patchlight: ${sentence}${stack} (this is a bug of Patchlight's; PATCHLIGHT_DEBUG=1 shows where)`
}

/** Runs one command to its end. What goes wrong is said in one sentence; returns the exit code. */
export async function execute(argv: readonly string[], output: Output): Promise<number> {
  try {
    return await dispatch(argv, output)
  } catch (error) {
    output.say(explain(error))
    return error instanceof UsageError ? 2 : 1
  }
}

/** The process's own command line; sets its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  endOnClosedPipe()
  process.exitCode = await execute(argv, processOutput())
}
