/** How a layer's neurons stand in their figure: near two columns a row, never one line too fine to read. */
import { expect, it } from 'vitest'
import { neuronsARow } from '../../studies/neuron-ablation.ts'

it.each([
  [1, 1],
  [64, 16],
  [128, 16],
  [2048, 64],
  [3072, 128],
  [8192, 128],
  [32768, 128],
])('a layer of %s neurons is drawn in rows of %s', (neurons, row) => {
  expect(neuronsARow(neurons)).toBe(row)
})
