/** Sockets against a real server: order, gaps, stalls, floods, and strangers' words. */
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ByteReader } from '../../../ui/client/byte-reader.ts'
import { type RunningServer, startServer } from '../../../ui/server/start.ts'
import {
  type Batch,
  MAX_MESSAGE_BYTES,
  MAX_TAIL_EVENTS,
  MAX_UNACKNOWLEDGED,
  MAX_WATCHED,
  type WireSnapshot,
} from '../../../ui/wire.ts'
import { MemoryWorkbench, rippleFigure } from '../../support/memory-workbench.ts'
import { aWhile, until } from '../../support/until.ts'

type Heard =
  | { readonly kind: 'snapshot'; readonly run: string; readonly snapshot: WireSnapshot }
  | { readonly kind: 'batch'; readonly batch: Batch }

/** A client that says anything, and acknowledges only when told to. */
class RawClient {
  readonly socket: Socket
  readonly heard: Heard[] = []
  readonly problems: string[] = []
  readonly runs: (readonly string[])[] = []
  acknowledging: boolean
  readonly #waiting: (() => void)[] = []

  constructor(url: string, acknowledging: boolean, headers: Readonly<Record<string, string>> = {}) {
    this.acknowledging = acknowledging
    this.socket = io(url, { transports: ['websocket'], forceNew: true, extraHeaders: headers, reconnection: false })
    this.socket.on('snapshot', (run: string, snapshot: WireSnapshot, acknowledge: () => void) => {
      this.heard.push({ kind: 'snapshot', run, snapshot })
      this.#acknowledge(acknowledge)
    })
    this.socket.on('batch', (batch: Batch, acknowledge: () => void) => {
      this.heard.push({ kind: 'batch', batch })
      this.#acknowledge(acknowledge)
    })
    this.socket.on(
      'runs',
      (changed: readonly { id: string; state: string }[], removed: readonly string[], acknowledge) => {
        this.runs.push([...changed.map(({ id, state }) => `${id} ${state}`), ...removed.map(id => `-${id}`)])
        this.#acknowledge(acknowledge)
      },
    )
    this.socket.on('problem', (message: string) => this.problems.push(message))
  }

  /** Acknowledges all that was heard so far. */
  catchUp(): void {
    for (const acknowledge of this.#waiting.splice(0)) acknowledge()
  }

  #acknowledge(acknowledge: () => void): void {
    if (this.acknowledging) acknowledge()
    else this.#waiting.push(acknowledge)
  }
}

let workbench: MemoryWorkbench
let server: RunningServer
let clients: RawClient[]
let run: string

/** A run that does nothing by itself: the tests write its journal. */
async function quietRun(): Promise<string> {
  const { id } = await workbench.start({ study: 'ripple', params: { pauseMs: 1e9 } })
  return id
}

function connect(acknowledging = true, headers?: Readonly<Record<string, string>>, url = server.url): RawClient {
  const client = new RawClient(url, acknowledging, headers)
  clients.push(client)
  return client
}

function note(count: number, into = run): void {
  for (let i = 0; i < count; i++) workbench.journal(into, { type: 'note', text: `note ${i}` })
}

/** Journals a note at a time until `enough`, so that each may go out in a batch of its own. */
async function noteUntil(enough: () => boolean): Promise<void> {
  let number = 0
  await until(() => {
    workbench.journal(run, { type: 'note', text: `slow ${number++}` })
    return enough()
  })
}

beforeEach(async () => {
  workbench = new MemoryWorkbench()
  server = await startServer({ workbench, port: 0 })
  clients = []
  run = await quietRun()
})

afterEach(async () => {
  for (const { socket } of clients) socket.disconnect()
  await server.close()
  await workbench.close()
})

describe('watch', () => {
  it('from 0 answers with a snapshot, then with what follows, in order and without holes', async () => {
    const client = connect()
    client.socket.emit('watch', run, 0)
    await until(() => client.heard.length === 1)
    expect(client.heard[0]).toMatchObject({ kind: 'snapshot', run, snapshot: { seq: 2, state: 'running' } })
    note(3)
    await until(() => client.heard.length === 2)
    note(2)
    await until(() => client.heard.length === 3)
    expect(client.heard.slice(1)).toMatchObject([
      { kind: 'batch', batch: { from: 3, to: 5 } },
      { kind: 'batch', batch: { from: 6, to: 7 } },
    ])
  })

  it('from the middle answers with the tail alone', async () => {
    note(5)
    const client = connect()
    client.socket.emit('watch', run, 4)
    await until(() => client.heard.length === 1)
    expect(client.heard[0]).toMatchObject({ kind: 'batch', batch: { from: 4, to: 7 } })
  })

  it('from too far behind, or ahead of the journal, answers with a snapshot', async () => {
    note(MAX_TAIL_EVENTS + 5)
    const client = connect()
    client.socket.emit('watch', run, 1)
    await until(() => client.heard.length === 1)
    expect(client.heard[0]?.kind).toBe('snapshot')
    client.socket.emit('watch', run, 10_000)
    await until(() => client.heard.length === 2)
    expect(client.heard[1]).toMatchObject({ kind: 'snapshot', snapshot: { seq: MAX_TAIL_EVENTS + 7 } })
  })

  it('tells nothing twice and leaves nothing out while it reads a journal that grows', async () => {
    const client = connect()
    await until(() => client.socket.connected)
    let written = 3
    for (let i = 0; i < 30; i++) {
      if (i % 10 === 0) client.socket.emit('watch', run, i === 0 ? 0 : 3)
      note(3)
      written += 3
      await new Promise(resolve => setTimeout(resolve, 3))
    }
    await until(() => lastSeq(client) === written - 1)
    let next = 0
    for (const heard of client.heard) {
      if (heard.kind === 'snapshot') next = heard.snapshot.seq + 1
      else {
        // A new watch may go back; what follows it has no holes.
        expect(heard.batch.from === next || heard.batch.from === 3).toBe(true)
        next = heard.batch.to + 1
      }
    }
  })

  it('merges neighbouring cells, keeps the last progress, and carries NaN, infinities and marks', async () => {
    const client = connect()
    client.socket.emit('watch', run, 0)
    await until(() => client.heard.length === 1)
    workbench.journal(run, { type: 'cells', figure: 'ripple', first: 0, values: [1, Number.NaN] })
    workbench.journal(run, { type: 'progress', done: 1, total: 9, etaMs: 5 })
    workbench.journal(run, {
      type: 'cells',
      figure: 'ripple',
      first: 2,
      values: [Number.NEGATIVE_INFINITY],
      marks: [1],
    })
    workbench.journal(run, { type: 'progress', done: 2, total: 9, etaMs: 4 })
    workbench.journal(run, { type: 'cells', figure: 'ripple', first: 9, values: [7] })
    await until(() => client.heard.length === 2)
    const heard = client.heard[1]
    const events = heard?.kind === 'batch' ? heard.batch.events : []
    expect(events.map(event => [event.type, event.seq])).toEqual([
      ['cells', 5],
      ['progress', 6],
      ['cells', 7],
    ])
    const [cells] = events
    if (cells?.type !== 'cells') throw new Error('no cells')
    expect(cells).toMatchObject({ first: 0, count: 3, marked: true })
    const bytes = new ByteReader(heard?.kind === 'batch' ? heard.batch.bytes : new Uint8Array())
    expect([...bytes.floats(3)]).toEqual([1, Number.NaN, Number.NEGATIVE_INFINITY])
    expect([...bytes.bytes(3)]).toEqual([0, 0, 1])
    expect([...bytes.floats(1)]).toEqual([7])
  })

  it('passes markup on as the text it is', async () => {
    const client = connect()
    client.socket.emit('watch', run, 0)
    const figure = { ...rippleFigure(1, 1), id: 'evil', title: '<img src=x onerror=alert(1)>' }
    workbench.journal(run, { type: 'figure', figure })
    await until(() => JSON.stringify(client.heard).includes('onerror=alert(1)>'))
  })

  it('ends with unwatch and with the run', async () => {
    const client = connect()
    client.socket.emit('watch', run, 0)
    await until(() => client.heard.length === 1)
    client.socket.emit('unwatch', run)
    await aWhile()
    note(3)
    await aWhile()
    expect(client.heard).toHaveLength(1)
    client.socket.emit('watch', run, 0)
    await until(() => client.heard.length === 2)
    workbench.remove(run)
    await until(() => client.runs.flat().includes(`-${run}`))
  })
})

describe('a client that does not acknowledge', () => {
  it('is sent 8 messages, then nothing, then a fresh snapshot', async () => {
    const client = connect(false)
    client.socket.emit('watch', run, 0)
    await until(() => client.heard.length === 1)
    await noteUntil(() => client.heard.length === MAX_UNACKNOWLEDGED)
    note(50)
    await aWhile()
    expect(client.heard).toHaveLength(MAX_UNACKNOWLEDGED)

    client.catchUp()
    await until(() => client.heard.length === MAX_UNACKNOWLEDGED + 1)
    const fresh = client.heard[MAX_UNACKNOWLEDGED]
    const { seq } = await workbench.snapshot(run)
    expect(fresh).toMatchObject({ kind: 'snapshot', snapshot: { seq } })
  })

  it('gets no more by watching again and again, or by watching other runs', async () => {
    const other = await quietRun()
    const client = connect(false)
    await until(() => client.socket.connected)
    for (let i = 0; i < 9; i++) {
      client.socket.emit('watch', i % 2 === 0 ? run : other, 0)
      client.socket.emit('unwatch', i % 2 === 0 ? run : other)
      client.socket.emit('watch', i % 2 === 0 ? other : run, 0)
      await new Promise(resolve => setTimeout(resolve, 250))
    }
    expect(client.heard.length).toBeLessThanOrEqual(MAX_UNACKNOWLEDGED)
  })

  it('is told of the list of runs once, with the last word on each', async () => {
    const client = connect(false)
    await until(() => client.socket.connected)
    note(1)
    await until(() => client.runs.length === 1)
    note(20)
    await workbench.cancel(run)
    await aWhile()
    expect(client.runs).toHaveLength(1)
    client.catchUp()
    await until(() => client.runs.length === 2)
    expect(client.runs[1]).toEqual([`${run} cancelled`])
  })

  it('does not keep another from hearing', async () => {
    const stalled = connect(false)
    const good = connect()
    for (const client of [stalled, good]) client.socket.emit('watch', run, 0)
    await until(() => stalled.heard.length === 1 && good.heard.length === 1)
    await noteUntil(() => good.heard.length === 3 * MAX_UNACKNOWLEDGED)
    expect(stalled.heard.length).toBeLessThanOrEqual(MAX_UNACKNOWLEDGED)
    expect(good.heard.filter(({ kind }) => kind === 'snapshot')).toHaveLength(1)
  })
})

describe('words that make no sense', () => {
  it.each<[string, readonly unknown[], RegExp]>([
    ['no run', ['watch'], /^watch: expected a run's id, got nothing/],
    ['a number for a run', ['watch', 7, 0], /^watch: expected a run's id, got 7/],
    ['an object for a run', ['watch', { run: 1 }, 0], /got a value of type object/],
    ['a path for a run', ['watch', '../../etc/passwd', 0], /^watch: expected a run's id, got a text of 16/],
    ['markup for a run', ['unwatch', '<script>'], /^unwatch: expected a run's id/],
    ['a run that is not there', ['watch', 'run-999', 0], /^run run-999: not found/],
    ['no number', ['watch', 'run-1'], /^watch: expected the number of an event, from 0 up, got nothing/],
    ['a negative number', ['watch', 'run-1', -1], /from 0 up, got -1/],
    ['half a number', ['watch', 'run-1', 0.5], /from 0 up, got 0.5/],
    ['an absurd number', ['watch', 'run-1', 1e300], /from 0 up, got 1e\+300/],
    ['a text for a number', ['watch', 'run-1', '0'], /got a text of 1 characters/],
    ['bytes for a run', ['watch', new Uint8Array(9), 0], /^watch: expected a run's id/],
    ['another message', ['start', { study: 'ripple' }], /^socket: expected the message/],
    ['a name of the prototype', ['__proto__', 1], /^socket: expected the message/],
  ])('%s', async (_what, message, sentence) => {
    const client = connect()
    const [name, ...words] = message
    client.socket.emit(String(name), ...words)
    await until(() => client.problems.length === 1)
    expect(client.problems[0]).toMatch(sentence)
    expect(client.heard).toEqual([])
    client.socket.emit('watch', run, 0)
    await until(() => client.heard.length === 1)
  })

  it('too many runs at a time', async () => {
    const ids = await Promise.all(Array.from({ length: MAX_WATCHED }, quietRun))
    const client = connect()
    for (const id of [...ids, run]) client.socket.emit('watch', id, 0)
    await until(() => client.problems.length === 1)
    expect(client.problems[0]).toBe(`watch: expected at most ${MAX_WATCHED} runs at a time; close one first`)
  })

  it('a flood of them is dropped with few answers; a heavier one ends the connection, and only that one', async () => {
    const good = connect()
    good.socket.emit('watch', run, 0)
    const flood = connect()
    await until(() => flood.socket.connected && good.heard.length === 1)
    for (let i = 0; i < 500; i++) flood.socket.emit('watch', run, 0)
    await aWhile()
    expect(flood.problems.length).toBeLessThanOrEqual(5)
    expect(flood.problems.at(-1)).toMatch(/too many messages/)
    for (let i = 0; i < 5000; i++) flood.socket.emit('nonsense', i)
    await until(() => flood.socket.disconnected)
    note(1)
    await until(() => good.heard.length === 2)
  })

  it('a huge one ends the connection before it is read', async () => {
    const good = connect()
    const huge = connect()
    await until(() => huge.socket.connected && good.socket.connected)
    huge.socket.emit('watch', 'x'.repeat(MAX_MESSAGE_BYTES), 0)
    await until(() => huge.socket.disconnected)
    expect(huge.problems).toEqual([])
    good.socket.emit('watch', run, 0)
    await until(() => good.heard.length === 1)
  })
})

describe('the handshake', () => {
  it.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another host', { host: 'evil.example' }],
  ])('refuses %s', async (_what, headers) => {
    const client = connect(true, headers)
    let refused = false
    client.socket.on('connect_error', () => {
      refused = true
    })
    await until(() => refused)
    expect(client.socket.connected).toBe(false)
  })

  it('asks for the token where there is one', async () => {
    const closed = await startServer({ workbench, port: 0, token: 'let-me-in' })
    const outcome = async (headers: Readonly<Record<string, string>>) => {
      const { socket } = connect(true, headers, `http://127.0.0.1:${closed.port}`)
      return new Promise<boolean>(resolve => {
        socket.on('connect', () => resolve(true))
        socket.on('connect_error', () => resolve(false))
      })
    }
    expect(await outcome({})).toBe(false)
    expect(await outcome({ authorization: 'Bearer wrong' })).toBe(false)
    expect(await outcome({ authorization: 'Bearer let-me-in' })).toBe(true)
    expect(await outcome({ cookie: 'other=1; patchlight_token=let-me-in' })).toBe(true)
    await closed.close()
  })
})

function lastSeq(client: RawClient): number {
  const heard = client.heard.at(-1)
  if (heard === undefined) return -1
  return heard.kind === 'snapshot' ? heard.snapshot.seq : heard.batch.to
}
