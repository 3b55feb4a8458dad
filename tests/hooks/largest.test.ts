/** The few largest values, as sorting would find them. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { largest } from '../../hooks/largest.ts'

it('are those of a full sort, the lower index first on a tie, without NaN', () => {
  const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.float(), fc.constantFrom(Infinity, -Infinity, Number.NaN))
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (list, count) => {
      const values = Float32Array.from(list)
      const sorted = [...values.keys()]
        .filter(index => !Number.isNaN(values[index]))
        .sort((a, b) => {
          const [x = 0, y = 0] = [values[a], values[b]]
          return x === y ? a - b : y > x ? 1 : -1
        })
      expect(largest(values, count)).toEqual(sorted.slice(0, count))
    }),
  )
})
