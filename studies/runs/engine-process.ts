/**
 * The engine's process: takes requests from its parent, answers each once, and ends when the parent
 * does, which tells its number on the command line. Everything heavy is imported by what it hands over
 * to, on first use.
 */
import { Worker } from 'node:worker_threads'
import { DeviceLostError, PatchlightError } from '../../engine/errors.ts'
import { EngineHost } from './engine-host.ts'
import type { FromEngine, RequestMessage, ToEngine } from './protocol.ts'

const host = new EngineHost()
const controllers = new Map<number, AbortController>()

function send(message: FromEngine): void {
  if (process.connected) process.send?.(message)
}

/** Resolves once it is on its way, whatever this thread is busy with then. */
function sent(message: FromEngine): Promise<void> {
  return new Promise(resolve => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

async function answer(request: RequestMessage): Promise<void> {
  const { id } = request
  const controller = new AbortController()
  controllers.set(id, controller)
  try {
    const output = await host.answer(request, {
      signal: controller.signal,
      began: source => send({ type: 'began', id, source }),
      events: events => send({ type: 'events', id, events }),
      generated: event => send({ type: 'generated', id, event }),
      reading: study => sent({ type: 'reading', id, study }),
    })
    send({ type: 'reply', id, output })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const name = error instanceof PatchlightError ? error.name : ''
    // Nothing that this process holds on a lost device works any more.
    const leaving = error instanceof DeviceLostError
    const failure: FromEngine = { type: 'failure', id, message, name, leaving }
    if (leaving && process.connected) process.send?.(failure, () => process.exit(1))
    else send(failure)
  } finally {
    controllers.delete(id)
  }
}

process.on('message', (message: ToEngine) => {
  if (message.type === 'cancel') controllers.get(message.id)?.abort()
  else void answer(message)
})
process.on('disconnect', () => process.exit(0))
const parent = Number(process.argv[2])
new Worker(new URL('./parent-watch.js', import.meta.url), { workerData: { parent }, execArgv: [] }).unref()
