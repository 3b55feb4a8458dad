/**
 * The socket side of the server: one session a client, each with its own streams, limits and window
 * of unacknowledged messages, so that one client's trouble stays its own.
 */
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { Server } from 'socket.io'
import type { RunId } from '../../studies/runs/events.ts'
import type { Workbench } from '../../studies/runs/workbench-types.ts'
import { type ClientToServer, MAX_MESSAGE_BYTES, type ServerToClient } from '../wire.ts'
import type { Refusal } from './errors.ts'
import { type ClientSocket, SocketSession } from './socket-session.ts'

export interface SocketsOptions {
  readonly server: HttpServer
  readonly workbench: Workbench
  /** Null where the handshake may go on. */
  readonly check: (request: IncomingMessage) => Refusal | null
}

export interface Sockets {
  /** Clients connected now. */
  readonly size: number
  /** Ends every connection; nothing is sent after. */
  close(): Promise<void>
}

export function attachSockets({ server, workbench, check }: SocketsOptions): Sockets {
  const io = new Server<ClientToServer, ServerToClient>(server, {
    serveClient: false,
    transports: ['websocket'],
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    allowRequest: (request, decide) => {
      const refused = check(request)
      decide(refused === null ? null : refused.message, refused === null)
    },
  })
  const sessions = new Set<SocketSession>()
  const everySession = (tell: (session: SocketSession) => void) => {
    for (const session of sessions) {
      try {
        tell(session)
      } catch {
        // Whatever is wrong with this one, the others must hear; its client asks again on a gap.
        session.close()
      }
    }
  }
  const offs = [
    workbench.on('event', (run: RunId, event) => everySession(session => session.event(run, event))),
    workbench.on('run', summary => everySession(session => session.runs.changed(summary))),
    workbench.on('removed', run => everySession(session => session.removed(run))),
    // Only the last one counts, and a client that comes back asks anyway: it may be lost.
    workbench.on('studies', () => io.volatile.emit('studies')),
  ]

  io.on('connection', (socket: ClientSocket) => {
    const session = new SocketSession(socket, workbench)
    sessions.add(session)
    socket.on('disconnect', () => {
      session.close()
      sessions.delete(session)
    })
  })

  return {
    get size() {
      return sessions.size
    },
    async close() {
      for (const off of offs) off()
      for (const session of sessions) session.close()
      io.disconnectSockets(true)
      await io.close()
    },
  }
}
