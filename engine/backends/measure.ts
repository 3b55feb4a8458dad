/** How fast a backend and the machine are: the figures that doctor shows and that time estimates rest on. */
import type { Tensor2D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import type { Backend, Weight } from './types.ts'

export interface RateOptions {
  readonly rows: number
  /** Of the weight: [in, out], or one number for a square one. */
  readonly size: number | readonly [inSize: number, outSize: number]
  /** Measures for at least this long. @default 100 */
  readonly minMs?: number
}

/**
 * GFLOP/s of `linear` with `rows` rows: the median of at least three products after one that is
 * not counted. Blocks while it measures.
 */
export function measureRate(backend: Backend, { rows, size, minMs = 100 }: RateOptions): number {
  const [inSize, outSize] = typeof size === 'number' ? [size, size] : size
  const weight = filledWeight(inSize, outSize)
  const x = tf.fill([rows, inSize], 0.5) as Tensor2D
  const timesMs: number[] = []
  try {
    timedProduct(backend, x, weight)
    for (let total = 0; total < minMs || timesMs.length < 3; ) {
      const ms = timedProduct(backend, x, weight)
      timesMs.push(ms)
      total += ms
    }
  } finally {
    x.dispose()
    backend.release(weight)
  }
  timesMs.sort((a, b) => a - b)
  const medianMs = timesMs[Math.floor(timesMs.length / 2)] ?? Number.NaN
  return (2 * rows * inSize * outSize) / (medianMs * 1e6)
}

const CALLS = 64
const CALL_ROUNDS = 5

/** Microseconds of one elementwise op on a handful of numbers: what every call costs, whatever it computes. */
export function measureCall(backend: Backend): number {
  let bestMs = Number.POSITIVE_INFINITY
  for (let round = 0; round <= CALL_ROUNDS; round++) {
    const ms = tf.tidy(() => {
      let x: tf.Tensor = tf.ones([8])
      backend.view(x)
      const begin = performance.now()
      for (let call = 0; call < CALLS; call++) x = tf.add(x, x)
      backend.view(x)
      return performance.now() - begin
    })
    if (round > 0) bestMs = Math.min(bestMs, ms)
  }
  return (1000 * bestMs) / CALLS
}

/** Larger than any cache that one core has to itself. */
const COPIED_BYTES = 64 * 2 ** 20
const COPIES = 5

/** GB/s that one core reads and writes, counted together, when it copies memory. */
export function measureMemory(): number {
  const [from, to] = [new Uint8Array(COPIED_BYTES).fill(1), new Uint8Array(COPIED_BYTES)]
  let bestMs = Number.POSITIVE_INFINITY
  for (let copy = 0; copy <= COPIES; copy++) {
    const begin = performance.now()
    to.set(from)
    // The first copy waits for the system to hand out the memory.
    if (copy > 0) bestMs = Math.min(bestMs, performance.now() - begin)
  }
  return (2 * COPIED_BYTES) / (bestMs * 1e6)
}

function timedProduct(backend: Backend, x: Tensor2D, weight: Weight): number {
  const begin = performance.now()
  const out = backend.linear(x, weight)
  // A device computes while we go on; reading waits for it.
  backend.view(out)
  const ms = performance.now() - begin
  out.dispose()
  return ms
}

/** A weight of small distinct values; what they are does not matter to the speed, unless they were denormal. */
function filledWeight(inSize: number, outSize: number): Weight {
  const data = new Float32Array(inSize * outSize)
  for (let i = 0; i < data.length; i++) data[i] = ((i % 251) - 125) / 1000
  return { name: `measured ${outSize}×${inSize}`, inSize, outSize, data, transposed: false }
}
