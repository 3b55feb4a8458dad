/** Questions about cells as the engine's process answers them: what is kept, what stops, who gets a turn meanwhile. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { loadModel } from '../../../../engine/load.ts'
import type { Model } from '../../../../engine/model.ts'
import { CellDesk } from '../../../../studies/runs/cell/desk.ts'
import { jsonBytes, Recent } from '../../../../studies/runs/cell/recent.ts'
import type { CellAnswer, CellLook } from '../../../../studies/runs/cell/types.ts'
import { EMBEDDED_MODEL } from '../../../../studies/runs/model-list.ts'
import type { CellQuestion } from '../../../../studies/study.ts'
import timePatching from '../../../../studies/time-patching.ts'
import { countingLayers } from '../../../support/counting-layers.ts'
import { expectNoTensorLeaks } from '../../../support/tensors.ts'

const DETAIL: CellLook = { view: 'detail', question: {} }
const head = (one: number, layer = 3): CellLook => ({ view: 'attention', question: { layer, head: one } })

let model: Model
let question: CellQuestion
let desk: CellDesk
expectNoTensorLeaks()

beforeAll(async () => {
  model = await loadModel(EMBEDDED_MODEL, { backend: 'wasm' })
  question = {
    what: 'the stream',
    ids: model.tokenizer.encode('the time displayed is 9:00 pm. therefore, it is currently the'),
    position: -1,
    interventions: [{ at: 'blocks.2.hook_resid_pre', position: 2, set: { zero: true } }],
  }
})
afterAll(() => model.dispose())
beforeEach(() => {
  desk = new CellDesk()
})

interface Asking {
  readonly on: Model
  readonly index?: number
  readonly signal?: AbortSignal
  readonly questionOf?: (model: Model) => Promise<CellQuestion | null>
  readonly source?: string | null
}

function ask(look: CellLook, { on, index = 3, signal, questionOf, source = null }: Asking): Promise<CellAnswer> {
  const asked = {
    schema: timePatching.params,
    params: { pairs: [['one two', 'one two']] as const },
    study: ['time-patching', source],
    cell: { figure: 'cells', index },
    look,
    questionOf: questionOf ?? (async () => question),
  }
  return desk.answer(on, asked, signal ?? new AbortController().signal)
}

it('computes an answer once, and what it is of once', async () => {
  const { counted, asked } = countingLayers(model)
  let questions = 0
  const questionOf = async () => {
    questions++
    return question
  }
  const first = await ask(DETAIL, { on: counted, questionOf })
  const passes = asked.length
  expect(passes).toBe(model.spec.layers.length)
  expect(await ask(DETAIL, { on: counted, questionOf })).toEqual(first)
  expect(asked).toHaveLength(passes)
  expect(await ask(head(0), { on: counted, questionOf })).toMatchObject({ layer: 3, head: 0 })
  expect(questions).toBe(1)
})

it('goes from head to head of a layer without a pass', async () => {
  const { counted, asked } = countingLayers(model)
  await ask(head(0), { on: counted })
  const before = asked.length
  const view = await ask(head(4), { on: counted })
  expect(view).toMatchObject({ head: 4 })
  expect(asked).toHaveLength(before)
  await ask(head(4, 2), { on: counted })
  expect(asked.length).toBeGreaterThan(before)
})

it('asks anew about another cell, a study that was changed, and another model', async () => {
  const { counted, asked } = countingLayers(model)
  const layers = model.spec.layers.length
  await ask(DETAIL, { on: counted })
  await ask(DETAIL, { on: counted, index: 4 })
  await ask(DETAIL, { on: counted, source: 'export default' })
  expect(asked).toHaveLength(3 * layers)
  const again = countingLayers(model)
  await ask(DETAIL, { on: again.counted })
  expect(again.asked).toHaveLength(layers)
})

it('stops between two layers when nobody waits any more, and keeps nothing of it', async () => {
  for (const look of [DETAIL, head(0, 5), { view: 'lens', question: {} } as const]) {
    const gone = new AbortController()
    const leaving = countingLayers(model, layer => {
      // What a message from the parent does: it comes in when the event loop turns.
      if (layer === 1) setImmediate(() => gone.abort())
    })
    await expect(ask(look, { on: leaving.counted, signal: gone.signal })).rejects.toThrow(/abort/)
    expect(leaving.asked.length).toBeLessThanOrEqual(3)
  }
  const { counted, asked } = countingLayers(model)
  await ask(DETAIL, { on: counted })
  expect(asked).toHaveLength(model.spec.layers.length)
})

it('stops in what a study itself computes for a cell', async () => {
  const gone = new AbortController()
  const questionOf = async (shared: Model) => {
    gone.abort()
    await shared.weights.layer(0)
    return question
  }
  await expect(ask(DETAIL, { on: model, signal: gone.signal, questionOf })).rejects.toThrow(/abort/)
})

it('gives a run beside it a turn before every layer', async () => {
  let turns = 0
  let goesOn = true
  const beside = (async () => {
    while (goesOn) {
      await turn()
      turns++
    }
  })()
  const turnsAt: number[] = []
  const { counted } = countingLayers(model, () => turnsAt.push(turns))
  await ask(DETAIL, { on: counted })
  goesOn = false
  await beside
  expect(turnsAt).toHaveLength(model.spec.layers.length)
  for (const [i, at] of turnsAt.entries()) expect(at).toBeGreaterThan(turnsAt[i - 1] ?? -1)
})

it('keeps what was used last, within its bytes', async () => {
  const recent = new Recent(100)
  let computed = 0
  const get = (key: string, bytes = 40) =>
    recent.of(
      key,
      () => bytes,
      async () => {
        computed++
        return key
      },
    )
  await get('a')
  await get('b')
  await get('a')
  await get('c')
  expect(recent.bytes).toBe(80)
  expect(computed).toBe(3)
  await get('a')
  expect(computed).toBe(3)
  await get('b')
  expect(computed).toBe(4)
  // Larger than all that may be kept: it pushes nothing out.
  await get('huge', 101)
  expect(recent.bytes).toBe(80)
  await expect(recent.of('bad', jsonBytes, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(recent.bytes).toBe(80)
})
