/** Passes in a convoy go down the layers together, in order, and end together. */
import { expect, it } from 'vitest'
import { inConvoy, type Pass } from '../../engine/convoy.ts'
import { openCounted } from '../support/disk-model.ts'

/** A pass that asks for some layers, and notes what it does. */
function pass(name: string, layers: readonly number[], log: string[], failAt = -1): Pass {
  return async weights => {
    try {
      for (const layer of layers) {
        await weights.layer(layer)
        if (layer === failAt) throw new Error(`${name} fails at ${layer}`)
        log.push(`${name}${layer}`)
        // What a pass does between two layers may take a while.
        await new Promise(resolve => setImmediate(resolve))
      }
    } finally {
      log.push(`${name} ends`)
    }
  }
}

async function convoy(passesOf: (log: string[]) => readonly Pass[]) {
  const { model, reads } = await openCounted('llama-mha-untied', 'wasm')
  const log: string[] = []
  const error = await inConvoy(model.weights, passesOf(log)).then(
    () => null,
    (caught: unknown) => (caught instanceof Error ? caught.message : String(caught)),
  )
  await model.dispose()
  return { log, error, reads: [0, 1, 2].map(layer => reads.get(`model.layers.${layer}.mlp.up_proj.weight`) ?? 0) }
}

it('an earlier pass is done with a layer before a later one gets it, and each layer is read once', async () => {
  const { log, error, reads } = await convoy(log => [
    pass('a', [0, 1, 2], log),
    pass('b', [0, 1], log),
    pass('c', [1, 2], log),
  ])
  expect(error).toBe(null)
  expect(log).toEqual(['a0', 'b0', 'a1', 'b1', 'b ends', 'c1', 'a2', 'a ends', 'c2', 'c ends'])
  expect(reads).toEqual([1, 1, 1])
})

it('a pass that fails ends the others by the same error', async () => {
  const { log, error } = await convoy(log => [
    pass('a', [0, 1, 2], log),
    pass('b', [0, 1, 2], log, 1),
    pass('c', [0, 1, 2], log),
  ])
  expect(error).toBe('b fails at 1')
  expect(log).toEqual(['a0', 'b0', 'c0', 'a1', 'b ends', 'c ends', 'a ends'])
})

it('a layer that cannot be read ends all', async () => {
  const { log, error } = await convoy(log => [pass('a', [0, 9], log), pass('b', [0, 1], log)])
  expect(error).toMatch('no layer 9')
  expect(log).toEqual(['a0', 'b0', 'b1', 'b ends', 'a ends'])
})

it('a pass that needs no layer runs alone', async () => {
  const { log, error } = await convoy(log => [pass('a', [], log), pass('b', [0], log)])
  expect([log, error]).toEqual([['a ends', 'b0', 'b ends'], null])
})
