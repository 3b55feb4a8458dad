/** Every test gives back the tensors it made: call `expectNoTensorLeaks()` once at the top of a test file. */
import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeEach, expect } from 'vitest'
import { uploadedWeights } from '../../engine/backends/uploading.ts'

/** Makes each test of the file (or of the `describe` it is called in) fail if it leaves tensors behind. */
export function expectNoTensorLeaks(): void {
  let before = 0
  beforeEach(() => {
    before = count()
  })
  afterEach(() => {
    expect(count() - before, 'tensors that the test left').toBe(0)
  })
}

/**
 * What `tf.memory().numTensors` says, also before any backend has started; without the weights that
 * a backend uploaded and keeps for the next pass.
 */
function count(): number {
  return tf.engine().state.numTensors - uploadedWeights()
}
