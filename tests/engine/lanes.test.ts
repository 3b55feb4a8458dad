/** Lanes laid out in a batch. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { selectBackend } from '../../engine/backends/select.ts'
import { batchOf, type KeyValues, type Lane } from '../../engine/lanes.ts'

beforeAll(async () => {
  await selectBackend('wasm')
})

const lane = (start: number, length: number, prefix: KeyValues | null = null): Lane => ({ start, length, prefix })
const cache = (length: number): KeyValues => ({ length, keys: [], values: [] })

describe('batchOf', () => {
  it('lays the rows of the lanes one after another, with their absolute positions', () => {
    const batch = batchOf([lane(0, 3), lane(4, 2, cache(5)), lane(0, 1)])
    expect(batch.rows).toBe(6)
    expect(batch.rowOf).toEqual([0, 3, 5])
    expect([...batch.positions]).toEqual([0, 1, 2, 4, 5, 0])
  })

  it('groups neighbours of one prefix, start and length, and only those', () => {
    const a = cache(4)
    const b = cache(4)
    const lanes = [lane(4, 2, a), lane(4, 2, a), lane(4, 2, b), lane(3, 2, b), lane(3, 1, b), lane(0, 1), lane(0, 1)]
    const groups = batchOf(lanes).groups.map(({ firstLane, count, row }) => [firstLane, count, row])
    expect(groups).toEqual([
      [0, 2, 0],
      [2, 1, 4],
      [3, 1, 6],
      [4, 1, 8],
      [5, 2, 9],
    ])
  })

  it('an empty batch has no rows', () => {
    expect(batchOf([])).toMatchObject({ rows: 0, groups: [], rowOf: [] })
  })

  it('refuses a lane of no rows, or one without the keys before it', () => {
    expect(() => batchOf([lane(0, 0)])).toThrow('internal: a lane of no rows')
    expect(() => batchOf([lane(3, 1)])).toThrow('internal: a lane that starts at 3 without the keys before it')
    expect(() => batchOf([lane(3, 1, cache(2))])).toThrow('internal')
    expect(tf.memory().numTensors).toBe(0)
  })
})
