/**
 * The pass over lanes: a prompt may be cut anywhere, and any prompts may share a batch.
 *
 * Tolerance: the same float32 sums in another order, 1e-5 of values of size about 1 to 10 (the parity
 * tests' bound for points).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { disposeKeyValues, embed, KeyValueCollector, runLayers, unembed, unembedTokens } from '../../engine/forward.ts'
import { batchOf, type KeyValues, type Lane } from '../../engine/lanes.ts'
import type { Model } from '../../engine/model.ts'
import { pointsOf } from '../../engine/points.ts'
import type { Activation } from '../../hooks/capture.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { LaneTap } from '../../hooks/lane-tap.ts'
import { expectClose } from '../support/close.ts'
import { supportedCases } from '../support/fixtures.ts'
import { openFixture, promptOf, usableBackends } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

const CLOSE = { atol: 1e-5, rtol: 1e-5 }

/** The cache of a prompt. */
async function cacheOf(model: Model, ids: readonly number[]): Promise<KeyValues> {
  const batch = batchOf([{ start: 0, length: ids.length, prefix: null }])
  const collector = new KeyValueCollector(batch)
  const stream = await runLayers(model, embed(model, ids, batch), batch, { onLayer: collector.collect })
  stream.dispose()
  const [cache] = collector.take()
  if (cache === undefined) throw new Error('no cache')
  return cache
}

/** The rows from `start` on of a whole prompt's activation. */
function tailOf({ shape, axes, data }: Activation, start: number): number[] {
  if (axes[0] === 'pos') return Array.from(data.subarray((data.length / (shape[0] ?? 1)) * start))
  const [heads = 0, queries = 0, keys = 0] = shape
  return Array.from({ length: heads }, (_, head) =>
    Array.from(data.subarray((head * queries + start) * keys, (head + 1) * queries * keys)),
  ).flat()
}

/** Every family on `wasm`; on others what differs there: many heads a key, windows, biases, routed rows. */
const ELSEWHERE = ['llama-gqa-tied', 'mistral-window', 'gpt2', 'mixtral']

describe.each(await usableBackends())('on %s', backend => {
  const cases = supportedCases().filter(name => backend === 'wasm' || ELSEWHERE.includes(name))
  describe.each(cases)('%s', name => {
    let model: Model
    beforeAll(async () => {
      model = await openFixture(name, backend)
    })
    afterAll(() => model.dispose())
    expectNoTensorLeaks()

    it('[P6] a lane over a prefix is the rest of the prompt, wherever it is cut, at every point', async () => {
      const ids = promptOf(model, 7, 3)
      const [whole] = await runWithHooks(model, [{ ids }], { capture: () => true })
      const prefix = await cacheOf(model, ids)
      const lanes = ids.slice(1).map((_, i): Lane => ({ start: i + 1, length: ids.length - i - 1, prefix }))
      // Each cut twice, so that groups of several lanes over a prefix are met too.
      const doubled = lanes.flatMap(lane => [lane, { ...lane }])
      const batch = batchOf(doubled)
      const captures = pointsOf(model.spec).map(point => ({ point }))
      const tap = new LaneTap(model.spec, model.backend, new Map(doubled.map(lane => [lane, { captures }])))
      const rows = doubled.flatMap(lane => ids.slice(lane.start))
      const stream = await runLayers(model, embed(model, rows, batch, tap), batch, { tap })
      unembed(model, stream, batch, [0], tap).dispose()
      stream.dispose()
      disposeKeyValues(prefix)
      for (const lane of doubled)
        for (const [point, activation] of tap.captureOf(lane).entries()) {
          const expected = whole?.capture.get(point)
          if (expected === undefined) throw new Error(point)
          expect(activation.positions, point).toEqual(expected.positions.slice(lane.start))
          // An infinite score is one in both; the shapes of both patterns end at the same key.
          expectClose(activation.data, tailOf(expected, lane.start), CLOSE)
        }
    })

    it('[P6] a batch is its prompts one by one', async () => {
      const prompts = [5, 5, 1, 7].map((length, i) => promptOf(model, length, i))
      const options = { capture: () => true, logits: 'all' } as const
      const together = await runWithHooks(
        model,
        prompts.map(ids => ({ ids })),
        options,
      )
      for (const [i, ids] of prompts.entries()) {
        const [alone] = await runWithHooks(model, [{ ids }], options)
        expect(together[i]?.logits.length).toBe(ids.length)
        for (const [j, row] of (together[i]?.logits ?? []).entries()) expectClose(row, alone?.logits[j] ?? [], CLOSE)
        for (const [point, activation] of alone?.capture.entries() ?? [])
          expectClose(together[i]?.capture.get(point).data ?? [], activation.data, CLOSE)
      }
    })

    it('[P7] listening changes nothing', async () => {
      const run = { ids: promptOf(model, 7, 4) }
      const inside = pointsOf(model.spec).filter(({ site }) => !/^(ln_final|unembed)/.test(site))
      const [plain] = await runWithHooks(model, [run], { logits: 'all' })
      const [heard] = await runWithHooks(model, [run], { logits: 'all', capture: inside.map(point => point.name) })
      expect(heard?.logits).toEqual(plain?.logits)
    })

    it('logits of some tokens are those of all of them', async () => {
      const ids = promptOf(model, 4, 5)
      const batch = batchOf([{ start: 0, length: 4, prefix: null }])
      const stream = await runLayers(model, embed(model, ids, batch), batch)
      const all = unembed(model, stream, batch, [2])
      const some = unembedTokens(model, stream, [7, 0, 11])
      const view = Array.from(model.backend.view(all))
      const got = Array.from(model.backend.view(some)).slice(6, 9)
      for (const tensor of [stream, all, some]) tensor.dispose()
      expectClose(got, [view[7] ?? 0, view[0] ?? 0, view[11] ?? 0], CLOSE)
    })
  })
})

describe('errors and memory', () => {
  let model: Model
  beforeAll(async () => {
    model = await openFixture('llama-gqa-tied')
  })
  afterAll(() => model.dispose())
  expectNoTensorLeaks()

  it('[R1] an aborted pass frees everything', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    const batch = batchOf([{ start: 0, length: 3, prefix: null }])
    await expect(runLayers(model, embed(model, [1, 2, 3], batch), batch, { signal })).rejects.toThrow('enough')
    await expect(runWithHooks(model, [{ ids: [1, 2] }], { signal, capture: '*' })).rejects.toThrow('enough')
  })

  it('[R1] a collector of a pass that failed frees what it has', async () => {
    const batch = batchOf([{ start: 0, length: 3, prefix: null }])
    const collector = new KeyValueCollector(batch)
    const failing = runLayers(model, embed(model, [1, 2, 3], batch), batch, {
      onLayer: (layer, result) => {
        collector.collect(layer, result)
        if (layer === 1) throw new Error('no further')
      },
    })
    await expect(failing).rejects.toThrow('no further')
    collector.dispose()
  })
})
