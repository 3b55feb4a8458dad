/** Yes/no steering on the embedded model: what a resume does again, and one neutral prompt alone. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import type { TableSpec } from '../../studies/figure.ts'
import { resolveParams } from '../../studies/params-validate.ts'
import { loadStudy } from '../../studies/registry.ts'
import type { EventBody, RunRecord } from '../../studies/runs/events.ts'
import { RunFold } from '../../studies/runs/fold.ts'
import { EMBEDDED_MODEL } from '../../studies/runs/model-list.ts'
import type { ResumedFigure } from '../../studies/runs/protocol.ts'
import { RunContext } from '../../studies/runs/study-context.ts'
import { expectClose } from '../support/close.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'
import { RECORD } from './runs/support.ts'

let model: Model
beforeAll(async () => {
  model = await loadModel(EMBEDDED_MODEL, { backend: 'wasm' })
})
afterAll(() => model.dispose())
expectNoTensorLeaks()

const NEUTRAL = ['question: is it raining? answer:', 'question: is the door open? answer:']
const QUESTIONS = ['question: is amberreach part of karthia? answer:']

async function run(neutral: readonly string[], resumed: readonly ResumedFigure[] = []) {
  const study = await loadStudy({ id: 'yes-no-steering' })
  const record: RunRecord = { ...RECORD, params: { questions: QUESTIONS, neutral } }
  const bodies: EventBody[] = resumed.map(({ spec }) => ({ type: 'figure', figure: spec }))
  const context = new RunContext({
    model,
    params: resolveParams(study.params, null, record.params),
    seed: 0,
    memoryBytes: 1e9,
    signal: new AbortController().signal,
    resumed,
    emit: events => bodies.push(...events),
  })
  await study.run(context)
  await context.flush()
  const fold = new RunFold(
    record,
    bodies.map((body, seq) => ({ seq, t: 0, ...body })),
  )
  return { figures: fold.figures, tables: fold.snapshot().tables }
}

const columnOf = (table: TableSpec | undefined, key: string) => table?.rows.map(row => row[key])

it('a resume computes a component again whose cell is missing in any one figure', async () => {
  const whole = await run(NEUTRAL)
  const lost = [...whole.figures.values()].map((figure, i): ResumedFigure => {
    // A journal that was cut between two lines: a different cell is missing in each figure.
    const known = figure.known.map((value, index) => (index === i ? 0 : value))
    const values = figure.values.map((value, index) => (index === i ? Number.NaN : value))
    return { ...figure, values, known }
  })
  const rest = await run(NEUTRAL, lost)
  expect(whole.figures.size).toBe(8)
  for (const [i, { spec, values }] of [...whole.figures.values()].entries()) {
    expect(rest.figures.get(spec.id)?.known[i], spec.id).toBe(1)
    expectClose([rest.figures.get(spec.id)?.values[i] ?? Number.NaN], [values[i] ?? 0], { atol: 1e-5 })
  }
})

it('one neutral prompt has no spread: no figure of zeros, no number in the table', async () => {
  const { figures, tables } = await run(NEUTRAL.slice(0, 1))
  expect([...figures.keys()].filter(id => id.endsWith('spread'))).toEqual([])
  expect(figures.get('q1-heads-diff')?.spec.caption).toMatch(/mean over one neutral prompt\.$/)
  expect(new Set(columnOf(tables[0], 'spread'))).toEqual(new Set([null]))
  const two = await run(NEUTRAL)
  expect(two.figures.get('q1-parts-spread')?.known.every(Boolean)).toBe(true)
  for (const value of columnOf(two.tables[0], 'spread') ?? []) expect(value).toBeGreaterThan(0)
})
