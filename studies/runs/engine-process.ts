/**
 * The engine's process: takes requests from its parent, answers each once, and ends when the parent
 * does. Everything heavy is imported by what it hands over to, on first use.
 */
import { DeviceLostError, PatchlightError } from '../../engine/errors.ts'
import { EngineHost } from './engine-host.ts'
import type { FromEngine, RequestMessage, ToEngine } from './protocol.ts'

const host = new EngineHost()
const controllers = new Map<number, AbortController>()

function send(message: FromEngine): void {
  if (process.connected) process.send?.(message)
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
