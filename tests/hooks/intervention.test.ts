/**
 * Before and after, for each kind of intervention at every point: it moves what it says, to exactly
 * the number it says, and nothing else: not what was computed before it, not earlier positions, not
 * its neighbours in the batch.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Model } from '../../engine/model.ts'
import { type Point, pointsOf, SITES } from '../../engine/points.ts'
import type { Activation, Capture } from '../../hooks/capture.ts'
import { isPairwise } from '../../hooks/edit.ts'
import { type RunOutput, runWithHooks } from '../../hooks/hooked.ts'
import type { Intervention, SetTo } from '../../hooks/intervention.ts'
import { expectSame } from '../support/close.ts'
import { openFixture, promptOf, usableBackends } from '../support/models.ts'
import { randomValues } from '../support/random.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

/** Grouped heads; windows; output bias; post-norms and soft-caps; parallel blocks; layer norm and learned positions. */
const CASES = [
  'llama-gqa-tied',
  'mistral-window',
  'llama-bias',
  'gemma2',
  'gpt-neox-parallel',
  'gpt2',
  'qwen3',
  'mixtral',
]
/** The cases that meet all kinds: grouped heads, and windows shorter than the prompt. */
const THOROUGH = ['llama-gqa-tied', 'mistral-window']
const KINDS = ['zero', 'mean', 'value', 'scale', 'add', 'from'] as const

const LENGTH = 6
const POSITION = 3
const DONOR_LENGTH = 8
/** Of the donor's positions; pairwise points have only the patched one. */
const DONOR_POSITION = 5

/** Which numbers of an activation an edit at one position may change: a flat index and the place in the edit's own list. */
function* touched(
  model: Model,
  { point, shape }: Activation,
  position: number,
  part: Part,
): Generator<[number, number]> {
  if (isPairwise(point)) {
    const [heads = 0, queries = 0, keys = 0] = shape
    const window = model.spec.layers[point.layer]?.window ?? LENGTH
    const first = Math.max(0, position + 1 - window)
    const chosen = part.head === undefined ? Array.from({ length: heads }, (_, i) => i) : [part.head]
    for (const [i, head] of chosen.entries())
      for (let key = first; key <= position; key++)
        yield [(head * queries + position) * keys + key, i * (position + 1) + key]
    return
  }
  const width = shape.slice(1).reduce((a, b) => a * b, 1)
  const size = part.head !== undefined ? width / (shape[1] ?? 1) : part.neuron !== undefined ? 1 : width
  const offset = part.head !== undefined ? part.head * size : (part.neuron ?? 0)
  for (let i = 0; i < size; i++) yield [position * width + offset + i, i]
}

interface Part {
  readonly head?: number
  readonly neuron?: number
}

/** The part of a point that is changed: its last head or a neuron where it has such, so that offsets count. */
function partOf(model: Model, { site }: Point): Part {
  const axes: readonly string[] = SITES[site].axes
  if (axes.includes('head')) return { head: model.spec.heads - 1 }
  if (axes.includes('kv_head')) return { head: model.spec.kvHeads - 1 }
  return axes.includes('d_mlp') ? { neuron: 7 } : {}
}

/**
 * The points of layer 1 and those outside the layers: there are layers before and after, or as good as.
 * Experts are chosen by whole numbers: their points have tests of their own.
 */
function points(model: Model): Point[] {
  return pointsOf(model.spec).filter(({ site, layer }) => !site.startsWith('expert_') && (layer < 0 || layer === 1))
}

const allLogits = (outputs: readonly RunOutput[], run: number): number[] =>
  outputs[run]?.logits.flatMap(row => Array.from(row)) ?? []

const flat = (outputs: readonly (RunOutput | undefined)[], i: number): Capture => {
  const capture = outputs[i]?.capture
  if (capture === undefined) throw new Error(`no run ${i}`)
  return capture
}

/** Expected value of a changed number: one float32 operation. */
function expectedOf(set: SetTo, old: number, at: number, donor: number): number {
  if ('zero' in set) return 0
  if ('scale' in set) return Math.fround(old * set.scale)
  if ('add' in set) return Math.fround(old + (set.coefficient ?? 1) * Math.fround(set.add[at] ?? 0))
  if ('from' in set) return donor
  const given = 'mean' in set ? set.mean : set.value
  return Math.fround(typeof given === 'number' ? given : (given[at] ?? 0))
}

describe.each(await usableBackends())('on %s', backend => {
  describe.each(backend === 'wasm' ? CASES : THOROUGH)('%s', name => {
    const all = THOROUGH.includes(name)
    let model: Model
    let prompts: number[][]
    let donor: number[]
    let before: RunOutput[]
    let donorRun: RunOutput | undefined
    const options = { capture: () => true, logits: 'all' } as const

    beforeAll(async () => {
      model = await openFixture(name, backend)
      // The changed lane has a neighbour of its own length and one of another.
      prompts = [promptOf(model, 4, 1), promptOf(model, LENGTH, 2), promptOf(model, LENGTH, 3)]
      donor = promptOf(model, DONOR_LENGTH, 4)
      before = await runWithHooks(
        model,
        prompts.map(ids => ({ ids })),
        options,
      )
      const donors = await runWithHooks(model, [{ ids: donor }], { capture: () => true })
      donorRun = donors[0]
    })
    afterAll(() => model.dispose())
    expectNoTensorLeaks()

    const setOf = (kind: (typeof KINDS)[number], point: Point, count: number): SetTo => {
      const values = Array.from(randomValues(count, 5))
      switch (kind) {
        case 'zero':
          return { zero: true }
        case 'mean':
          return { mean: values }
        case 'value':
          return { value: 0.37 }
        case 'scale':
          return { scale: -1.5 }
        case 'add':
          return { add: values, coefficient: 0.7 }
        case 'from':
          return { from: donor, position: isPairwise(point) ? POSITION : DONOR_POSITION }
      }
    }

    it.each(all ? KINDS : (['add', 'from'] as const))(
      '[I2] [I3] %s moves what it names, and nothing else',
      async kind => {
        const order = pointsOf(model.spec).map(point => point.name)
        for (const point of points(model)) {
          // [I12] Dividing by zero is no number any more: nothing is promised after it.
          if (kind === 'zero' && point.name.endsWith('hook_scale')) continue
          const part = partOf(model, point)
          const old = flat(before, 1).get(point.name)
          const places = new Map(touched(model, old, POSITION, part))
          const count = isPairwise(point) ? POSITION + 1 : places.size
          const set = setOf(kind, point, count)
          const item: Intervention = { at: point.name, ...part, position: POSITION, set }
          const after = await runWithHooks(
            model,
            prompts.map((ids, i) => (i === 1 ? { ids, interventions: [item] } : { ids })),
            options,
          )
          const where = `${kind} at ${point.name}`
          for (const neighbour of [0, 2]) {
            expectSame(allLogits(after, neighbour), allLogits(before, neighbour), `${where}: neighbour's logits`)
            for (const [other, { data }] of flat(after, neighbour).entries())
              expectSame(data, flat(before, neighbour).get(other).data, `${where}: neighbour's ${other}`)
          }
          const donorData = donorRun?.capture.get(point.name)
          const donorPlaces =
            donorData === undefined
              ? []
              : Array.from(
                  touched(model, donorData, isPairwise(point) ? POSITION : DONOR_POSITION, part),
                  ([index]) => index,
                )
          const expected = old.data.slice()
          let i = 0
          for (const [index, at] of places)
            expected[index] = expectedOf(set, old.data[index] ?? 0, at, donorData?.data[donorPlaces[i++] ?? -1] ?? 0)
          expectSame(flat(after, 1).get(point.name).data, expected, where)
          for (const other of order.slice(0, order.indexOf(point.name)))
            expectSame(flat(after, 1).get(other).data, flat(before, 1).get(other).data, `${where}: ${other}, before it`)
          for (const other of order)
            expectEarlierPositions(flat(after, 1).get(other), flat(before, 1).get(other), where)
          const [now, then] = [allLogits(after, 1), allLogits(before, 1)]
          const own = POSITION * model.spec.vocab
          expectSame(now.slice(0, own), then.slice(0, own), `${where}: earlier logits`)
          // It does something: its own position's logits move.
          expect(now.slice(own, own + model.spec.vocab).join(), where).not.toBe(
            then.slice(own, own + model.spec.vocab).join(),
          )
        }
      },
    )

    it('[I2] without head, neuron or position the whole point changes', async () => {
      for (const point of points(model)) {
        const [output] = await runWithHooks(
          model,
          [{ ids: prompts[1] ?? [], interventions: [{ at: point.name, set: { value: 0.25 } }] }],
          { capture: point.name },
        )
        const { data } = output?.capture.get(point.name) ?? { data: [] }
        const old = flat(before, 1).get(point.name)
        const expected = old.data.slice()
        for (let position = 0; position < LENGTH; position++)
          for (const [index] of touched(model, old, position, {})) expected[index] = 0.25
        expectSame(data, expected, point.name)
      }
    })

    it('[I11] a patch with its own activation changes nothing', async () => {
      const ids = prompts[1] ?? []
      const alone = await runWithHooks(model, [{ ids }], options)
      const interventions = pointsOf(model.spec).map((point): Intervention => ({ at: point.name, set: { from: ids } }))
      const after = await runWithHooks(model, [{ ids, interventions }], options)
      for (const [point, { data }] of flat(after, 0).entries()) expectSame(data, flat(alone, 0).get(point).data, point)
      expectSame(allLogits(after, 0), allLogits(alone, 0), 'logits')
    })

    it('[I11] the clean stream at all positions makes the corrupted run the clean one', async () => {
      const [clean, corrupted] = [prompts[1] ?? [], prompts[2] ?? []]
      const expected = await runWithHooks(model, [{ ids: clean }], { logits: 'all' })
      for (const point of points(model).filter(({ site }) => /^resid/.test(site))) {
        const interventions: Intervention[] = [{ at: point.name, set: { from: clean } }]
        const outputs = await runWithHooks(model, [{ ids: corrupted, interventions }], { logits: 'all' })
        expectSame(allLogits(outputs, 0), allLogits(expected, 0), point.name)
      }
    })
  })
})

/** Bit for bit the same numbers at positions before the edit's. */
function expectEarlierPositions(after: Activation, before: Activation, where: string): void {
  const message = `${where}: ${after.point.name}, earlier positions`
  if (!isPairwise(after.point)) {
    const end = (after.data.length / (after.shape[0] ?? 1)) * POSITION
    expectSame(after.data.subarray(0, end), before.data.subarray(0, end), message)
    return
  }
  const [heads = 0, queries = 0, keys = 0] = after.shape
  for (let head = 0; head < heads; head++) {
    const begin = head * queries * keys
    const end = begin + POSITION * keys
    expectSame(after.data.subarray(begin, end), before.data.subarray(begin, end), message)
  }
}
