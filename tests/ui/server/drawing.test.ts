/** Drawing in threads: the same bytes, the caller's thread free, a bounded queue, errors as they were. */
import { performance } from 'node:perf_hooks'
import { expect, it, onTestFinished } from 'vitest'
import { StudyError, UsageError } from '../../../engine/errors.ts'
import { exportPicture } from '../../../ui/figures/export-picture.ts'
import type { Job } from '../../../ui/server/drawing/jobs.ts'
import { type DrawingOptions, DrawingPool } from '../../../ui/server/drawing/pool.ts'
import { until } from '../../support/until.ts'
import { neuronAblation, timePatching } from '../figures/support.ts'

const snapshot = timePatching()
const picture = (format: 'svg' | 'png', over: object = {}): Job => ({
  kind: 'picture',
  snapshot,
  figure: 'resid',
  format,
  options: { widthIn: 3.25 },
  ...over,
})

function pool(options: DrawingOptions = {}): DrawingPool {
  const made = new DrawingPool(options)
  onTestFinished(() => made.close())
  return made
}

it('gives the bytes that drawing here gives', async () => {
  const drawing = pool()
  const { content } = await exportPicture(snapshot, 'resid', 'svg', { widthIn: 3.25 })
  expect((await drawing.run(picture('svg'))).equals(content)).toBe(true)
})

it('leaves this thread free for most of the time that a large picture takes', async () => {
  const drawing = pool({ threads: 1 })
  await drawing.run(picture('svg'))
  const large = neuronAblation(512, 256)
  // A busy loop elsewhere on the machine slows both alike: what counts is the part of the time.
  const before = performance.eventLoopUtilization()
  await drawing.run({ kind: 'picture', snapshot: large, figure: 'layer-5', format: 'pdf', options: {} })
  expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.3)
})

it('passes errors on as what they are', async () => {
  const drawing = pool({ threads: 1 })
  await expect(drawing.run(picture('svg', { figure: 'none' }))).rejects.toThrow(StudyError)
  const wide = picture('png', { options: { widthIn: 40, dpi: 1200 } })
  await expect(drawing.run(wide)).rejects.toThrow(UsageError)
  expect((await drawing.run(picture('svg'))).length).toBeGreaterThan(1000)
  expect(drawing.threads).toBe(1)
})

it('begins no more at a time than it has threads, and refuses when too many wait', async () => {
  const drawing = pool({ threads: 1, waiting: 2 })
  const jobs = [1, 2, 3].map(() => drawing.run(picture('svg')))
  await expect(drawing.run(picture('svg'))).rejects.toMatchObject({ status: 503, message: /2 files wait/ })
  expect(drawing.threads).toBe(1)
  const [first, ...others] = await Promise.all(jobs)
  for (const other of others) expect(first?.equals(other)).toBe(true)
})

it('does not begin what nobody waits for any more', async () => {
  const drawing = pool({ threads: 1, waiting: 1 })
  const first = drawing.run(picture('svg'))
  const gone = new AbortController()
  const second = drawing.run(picture('svg'), gone.signal)
  gone.abort()
  await expect(second).rejects.toThrow('nobody waits')
  // There is room for another at once.
  await Promise.all([first, drawing.run(picture('svg'))])
})

it('ends idle threads, starts another when one is needed, and ends all when it is closed', async () => {
  const drawing = pool({ threads: 1, idleMs: 10 })
  await drawing.run(picture('svg'))
  await until(() => drawing.threads === 0)
  const again = drawing.run(picture('svg'))
  expect(drawing.threads).toBe(1)
  await again
  const cut = drawing.run(picture('png'))
  const refused = expect(cut).rejects.toMatchObject({ status: 503 })
  await drawing.close()
  await refused
  await expect(drawing.run(picture('svg'))).rejects.toThrow('closing')
})
