/** A stream whose source is slow: what is journaled while it reads is joined by number. */
import { expect, it } from 'vitest'
import { AckWindow } from '../../../ui/server/ack-window.ts'
import { RunStream } from '../../../ui/server/run-stream.ts'
import { MemoryWorkbench } from '../../support/memory-workbench.ts'
import { aWhile, until } from '../../support/until.ts'

async function slowStream() {
  const workbench = new MemoryWorkbench()
  const { id: run } = await workbench.start({ study: 'ripple', params: { pauseMs: 1e9 } })
  const sent: (number | string)[] = []
  const failed: unknown[] = []
  // Reads what is there when it answers, not when it was asked.
  const late = async <T>(read: () => Promise<T>): Promise<T> => {
    await aWhile()
    return read()
  }
  const stream = new RunStream({
    run,
    source: {
      snapshot: id => late(() => workbench.snapshot(id)),
      events: (id, from) => late(() => workbench.events(id, from)),
    },
    sink: {
      snapshot: (_run, { seq }) => sent.push(`to ${seq}`),
      batch: batch => sent.push(...batch.events.map(event => event.seq)),
      failed: (_run, error) => failed.push(error),
    },
    window: new AckWindow(() => stream.drained()),
  })
  workbench.on('event', (_run, event) => stream.push(event))
  const note = (text: string) => workbench.journal(run, { type: 'note', text })
  return { workbench, run, stream, sent, failed, note }
}

it.each([
  ['a snapshot', 0, ['to 4', 5, 6]],
  ['the tail', 2, [2, 3, 4, 5, 6]],
] as const)('%s holds what came meanwhile, once', async (_what, from, expected) => {
  const { workbench, stream, sent, note } = await slowStream()
  stream.watch(from)
  note('while it reads')
  note('while it reads, again')
  await until(() => sent.length > 0)
  note('after')
  note('after, again')
  await until(() => sent.at(-1) === 6)
  expect(sent).toEqual(expected)
  stream.close()
  await workbench.close()
})

it('answers the last of several questions that came while it read', async () => {
  const { workbench, stream, sent } = await slowStream()
  stream.watch(0)
  stream.watch(1)
  stream.watch(2)
  await until(() => sent.length > 0)
  await aWhile()
  expect(sent).toEqual([2])
  stream.close()
  await workbench.close()
})

it('holds nothing for a client that does not acknowledge', async () => {
  const { workbench, stream, sent, note } = await slowStream()
  stream.watch(0)
  // The sink above never acknowledges: the snapshot and seven batches go out.
  await until(() => {
    note('one more')
    return sent.length > 0
  })
  for (let before = -1; before < sent.length; await aWhile()) {
    before = sent.length
    note('one more')
  }
  for (let i = 0; i < 1000; i++) note('many more')
  expect(stream.waiting).toBe(0)
  stream.close()
  await workbench.close()
})

it('sends nothing after it was closed, also in the middle of reading', async () => {
  const { workbench, stream, sent, failed } = await slowStream()
  stream.watch(0)
  stream.close()
  await aWhile()
  await aWhile()
  expect([sent, failed]).toEqual([[], []])
  await workbench.close()
})

it('says once that it cannot read, and is over', async () => {
  const { workbench, run, stream, sent, failed, note } = await slowStream()
  stream.watch(0)
  note('then gone')
  workbench.remove(run)
  await until(() => failed.length === 1)
  stream.watch(0)
  await aWhile()
  await aWhile()
  expect(failed).toHaveLength(1)
  expect(sent).toEqual([])
})
