/** Hook points: which there are, when they fire, and how they are named. */
import type { Tensor } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HookPointError, ShapeError } from '../../engine/errors.ts'
import { disposeKeyValues, embed, KeyValueCollector, runLayers, unembed } from '../../engine/forward.ts'
import { batchOf, type Lane } from '../../engine/lanes.ts'
import type { Model } from '../../engine/model.ts'
import { matchPoints, resolvePoint } from '../../engine/point-names.ts'
import { axisSize, pointsOf, SITES } from '../../engine/points.ts'
import { type Firing, NO_TAP, type Tap } from '../../engine/tap.ts'
import { supportedCases } from '../support/fixtures.ts'
import { openFixture, promptOf } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

/** Wants everything, and counts how often each lane meets each point. */
class CountingTap implements Tap {
  readonly order: string[] = []
  readonly counts = new Map<string, number>()
  readonly shapes = new Map<string, readonly number[]>()

  wants(): boolean {
    return true
  }

  edits(): boolean {
    return false
  }

  fire<T extends Tensor>({ point, batch, group }: Firing, value: T): T {
    if (!this.order.includes(point.name)) this.order.push(point.name)
    this.shapes.set(`${group?.firstLane ?? 'all'} ${point.name}`, value.shape)
    const lanes =
      group === null ? batch.lanes.map((_, i) => i) : Array.from({ length: group.count }, (_, i) => group.firstLane + i)
    for (const lane of lanes) {
      const key = `${lane} ${point.name}`
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
    }
    return value
  }
}

describe.each(supportedCases())('points of %s', name => {
  let model: Model
  beforeAll(async () => {
    model = await openFixture(name)
  })
  afterAll(() => model.dispose())
  expectNoTensorLeaks()

  it('[P1] [P2] [P3] fire once a lane and pass, in the table’s order and shape, for lanes with and without a prefix', async () => {
    const ids = promptOf(model, 9, 1)
    const first: Lane = { start: 0, length: 5, prefix: null }
    const collector = new KeyValueCollector(batchOf([first]))
    const start = batchOf([first])
    const before = await runLayers(model, embed(model, ids.slice(0, 5), start), start, {
      tap: NO_TAP,
      onLayer: collector.collect,
    })
    before.dispose()
    const [prefix] = collector.take()
    if (prefix === undefined) throw new Error('no keys')
    const whole: Lane = { start: 0, length: 3, prefix: null }
    const lanes: Lane[] = [
      whole,
      { start: 5, length: 2, prefix },
      { start: 5, length: 2, prefix },
      { start: 4, length: 1, prefix },
      { ...whole },
    ]
    const batch = batchOf(lanes)
    const tap = new CountingTap()
    const stream = await runLayers(model, embed(model, promptOf(model, batch.rows, 2), batch, tap), batch, { tap })
    unembed(model, stream, batch, [0], tap).dispose()
    stream.dispose()
    disposeKeyValues(prefix)

    const points = pointsOf(model.spec)
    expect(tap.order).toEqual(points.map(point => point.name))
    const expected = new Map(points.flatMap(point => lanes.map((_, lane) => [`${lane} ${point.name}`, 1])))
    expect(new Map([...tap.counts].sort())).toEqual(new Map([...expected].sort()))
    for (const { name: point, site } of points) {
      const axes = SITES[site].axes
      if (axes[0] === 'pos')
        expect(tap.shapes.get(`all ${point}`), point).toEqual([
          batch.rows,
          ...axes.slice(1).map(axis => axisSize(model.spec, axis)),
        ])
      else {
        expect(tap.shapes.get(`0 ${point}`), point).toEqual([1, model.spec.heads, 3, 3])
        expect(tap.shapes.get(`1 ${point}`), point).toEqual([2, model.spec.heads, 2, 7])
        expect(tap.shapes.get(`3 ${point}`), point).toEqual([1, model.spec.heads, 1, 5])
      }
    }
  })
})

describe('names', () => {
  let model: Model
  beforeAll(async () => {
    model = await openFixture('llama-gqa-tied')
  })
  afterAll(() => model.dispose())

  const resolve = (text: string) => resolvePoint(model.spec, text)

  it('[P4] every point is found by its full name and by its short one', () => {
    for (const point of pointsOf(model.spec)) {
      expect(resolve(point.name)).toEqual({ point })
      expect(resolve(point.layer < 0 ? point.site : `${point.site}@L${point.layer}`)).toEqual({ point })
    }
  })

  it.each([
    ['L1H3', 'blocks.1.attn.hook_z', { head: 3 }],
    ['l1h3', 'blocks.1.attn.hook_z', { head: 3 }],
    ['N37@L0', 'blocks.0.mlp.hook_post', { neuron: 37 }],
    ['L0N37', 'blocks.0.mlp.hook_post', { neuron: 37 }],
    ['MLP1', 'blocks.1.hook_mlp_out', {}],
    ['MLP 1', 'blocks.1.hook_mlp_out', {}],
    ['ATTN0', 'blocks.0.hook_attn_out', {}],
    [' resid_pre@L1 ', 'blocks.1.hook_resid_pre', {}],
  ])('[P4] %s is %s', (text, name, parts) => {
    const { point, ...rest } = resolve(text)
    expect(point.name).toBe(name)
    expect(rest).toEqual(parts)
  })

  it('[P4] a pattern names all points that it fits', () => {
    const names = (pattern: string) => matchPoints(model.spec, pattern).map(point => point.name)
    expect(names('blocks.*.hook_resid_pre')).toEqual(['blocks.0.hook_resid_pre', 'blocks.1.hook_resid_pre'])
    expect(names('hook_resid_p*')).toEqual(
      [0, 1].flatMap(layer => [`blocks.${layer}.hook_resid_pre`, `blocks.${layer}.hook_resid_post`]),
    )
    expect(names('*')).toEqual(pointsOf(model.spec).map(point => point.name))
    expect(names('L1H2')).toEqual(['blocks.1.attn.hook_z'])
  })

  it.each([
    ['blocks.0.hook_reisd_pre', 'blocks.0.hook_resid_pre'],
    ['blocks.1.atn.hook_z', 'blocks.1.attn.hook_z'],
    ['hook_z', 'blocks.0.attn.hook_z'],
    ['resid_pre', 'resid_pre@L0'],
    ['rsid_pre@L1', 'resid_pre@L1'],
    ['blocks.0.mlp.hook_post.', 'blocks.0.mlp.hook_post'],
    ['unembed.hook_ot', 'unembed.hook_out'],
    ['', 'embed'],
  ])('[P5] %j is no point; the error names %s', (text, near) => {
    expect(() => resolve(text)).toThrow(HookPointError)
    expect(() => resolve(text)).toThrow(/no such point in this model\. Nearest: /)
    if (text !== '') expect(() => resolve(text)).toThrow(near)
  })

  it.each([
    ['hook_pos_embed', 'this llama model does not have it'],
    ['pos_embed', 'this llama model does not have it'],
    ['blocks.0.mlp.hook_expert_weights', 'this llama model does not have it'],
    ['blocks.2.hook_resid_pre', 'expected a layer from 0 to 1, got 2'],
    ['L2H0', 'expected a layer from 0 to 1, got 2'],
    ['MLP7', 'expected a layer from 0 to 1, got 7'],
    ['embed@L0', 'no such point'],
    ['blocks.*.hook_rseid', 'no such point'],
  ])('[P5] %s: %s', (text, message) => {
    expect(() => matchPoints(model.spec, text)).toThrow(HookPointError)
    expect(() => matchPoints(model.spec, text)).toThrow(message)
  })

  it.each([
    ['L0H4', 'L0H4: expected a head from 0 to 3, got 4'],
    ['N38@L1', 'N38@L1: expected a neuron from 0 to 37, got 38'],
  ])('[P5] %s is out of range', (text, message) => {
    expect(() => resolve(text)).toThrow(new ShapeError(message))
  })
})
