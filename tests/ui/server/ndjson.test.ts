/** A growing answer over a real connection whose reader stops reading. */
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import express from 'express'
import { expect, it } from 'vitest'
import { answerInLines } from '../../../ui/server/ndjson.ts'

/** Far more than the system's buffers of a connection take. */
const LINES = 4000
const LINE = { text: 'x'.repeat(10_000) }

it('an answer whose reader does not read is stopped, and little of it is kept', async () => {
  let sent = 0
  let unread = 0
  await new Promise<void>(resolve => {
    const app = express().get('/', async (_request, response) => {
      await answerInLines(response, async (send, signal) => {
        for (; sent < LINES && !signal.aborted; sent++) {
          send(LINE)
          unread = Math.max(unread, response.writableLength)
          await nextTurn()
        }
      })
      reader?.destroy()
      server.close(() => resolve())
    })
    let reader: Socket | undefined
    const server = createServer(app).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      reader = connect(port, '127.0.0.1').pause()
      reader.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    })
  })
  expect(sent).toBeLessThan(LINES)
  expect(unread).toBeLessThan(2e6)
})
