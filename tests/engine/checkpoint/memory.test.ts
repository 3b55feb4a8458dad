import { expect, it } from 'vitest'
import { fitsMemory, usableMemory, weightMemory } from '../../../engine/checkpoint/memory.ts'

it('a model fits where its weights as float32 and room to run them are less than the memory', () => {
  expect(weightMemory(1_235_814_400)).toBe(4_943_257_600)
  expect(fitsMemory(1_235_814_400, 8e9)).toBe(true)
  expect(fitsMemory(1_235_814_400, 5e9)).toBe(false)
  expect(fitsMemory(8_030_261_248, 32e9)).toBe(false)
  expect(usableMemory()).toBeGreaterThan(1e8)
})
