/** Activation functions against float64, over the range where they bend. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { selectBackend } from '../../../engine/backends/select.ts'
import { activate } from '../../../engine/layers/activation.ts'
import type { Activation } from '../../../engine/spec.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'

/** The error function in float64: its series where that converges fast, else its continued fraction. */
function erf(x: number): number {
  const a = Math.abs(x)
  if (a < 3) {
    let term = a
    let sum = a
    for (let n = 1; n < 100; n++) {
      term *= (-a * a) / n
      sum += term / (2 * n + 1)
    }
    return (Math.sign(x) * sum * 2) / Math.sqrt(Math.PI)
  }
  let fraction = 0
  for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction)
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction))
}

const EXACT: Readonly<Record<Activation, (x: number) => number>> = {
  silu: x => x / (1 + Math.exp(-x)),
  relu: x => Math.max(x, 0),
  gelu: x => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: x => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
}

expectNoTensorLeaks()
beforeAll(async () => {
  await selectBackend('wasm')
})

it.each(Object.keys(EXACT) as Activation[])('%s is within 1e-6 of float64 from −12 to 12', activation => {
  const xs = Float32Array.from({ length: 24_001 }, (_, i) => (i - 12_000) / 1000)
  const got = tf.tidy(() => activate(tf.tensor1d(xs), activation).dataSync())
  let worst = 0
  for (const [i, x] of xs.entries())
    worst = Math.max(worst, Math.abs((got[i] ?? Number.NaN) - EXACT[activation](x)) / Math.max(1, Math.abs(x)))
  expect(worst).toBeLessThan(1e-6)
})
