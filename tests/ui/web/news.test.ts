/** What is said aloud of a run's progress: each quarter once, and never in quick succession. */
import { expect, it } from 'vitest'
import { LEAST_PAUSE_MS, type News, nextNews } from '../../../ui/web/views/run/news.ts'

it('speaks at each quarter of a slow run', () => {
  const said: number[] = []
  let last: News = { quarter: 0, atMs: Number.NEGATIVE_INFINITY }
  for (let done = 0; done <= 100; done++) {
    const news = nextNews(last, { done, total: 100 }, done * LEAST_PAUSE_MS)
    if (news === null) continue
    said.push(done)
    last = news
  }
  expect(said).toEqual([25, 50, 75])
})

it('says little of a quick one', () => {
  const first = nextNews({ quarter: 0, atMs: Number.NEGATIVE_INFINITY }, { done: 30, total: 100 }, 0)
  expect(first).toEqual({ quarter: 1, atMs: 0 })
  expect(nextNews({ quarter: 1, atMs: 0 }, { done: 80, total: 100 }, LEAST_PAUSE_MS - 1)).toBeNull()
  expect(nextNews({ quarter: 1, atMs: 0 }, { done: 80, total: 100 }, LEAST_PAUSE_MS)?.quarter).toBe(3)
})

it('knows no quarter of nothing', () => {
  expect(nextNews({ quarter: 0, atMs: 0 }, { done: 0, total: 0 }, LEAST_PAUSE_MS)).toBeNull()
})
