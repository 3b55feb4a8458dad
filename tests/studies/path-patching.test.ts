/** Path patching on the embedded model: structure, cells that can be run again, and what is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import type { FigureSpec, TableSpec } from '../../studies/figure.ts'
import type { ParamValue } from '../../studies/params.ts'
import { resolveParams } from '../../studies/params-validate.ts'
import { PATH_PARAMS, parsePosition, parseReceivers } from '../../studies/path-params.ts'
import { answerTokens } from '../../studies/prompts.ts'
import { loadStudy } from '../../studies/registry.ts'
import type { EventBody } from '../../studies/runs/events.ts'
import { EMBEDDED_MODEL } from '../../studies/runs/model-list.ts'
import type { ResumedFigure } from '../../studies/runs/protocol.ts'
import { RunContext } from '../../studies/runs/study-context.ts'
import { expectClose } from '../support/close.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

let model: Model
beforeAll(async () => {
  model = await loadModel(EMBEDDED_MODEL, { backend: 'wasm' })
})
afterAll(() => model.dispose())
expectNoTensorLeaks()

interface Outcome {
  readonly figures: Map<string, { spec: FigureSpec; values: number[] }>
  readonly tables: TableSpec[]
}

const studyOf = () => loadStudy({ id: 'path-patching' })

async function run(values: Record<string, ParamValue>, resumed: readonly ResumedFigure[] = []): Promise<Outcome> {
  // A figure that is resumed is not declared anew.
  const figures: Outcome['figures'] = new Map(resumed.map(({ spec }) => [spec.id, { spec, values: [] }]))
  const tables: TableSpec[] = []
  const emit = (events: readonly EventBody[]): void => {
    for (const event of events)
      if (event.type === 'figure') figures.set(event.figure.id, { spec: event.figure, values: [] })
      else if (event.type === 'table') tables.push(event.table)
      else if (event.type === 'cells')
        for (const [i, value] of event.values.entries()) {
          const figure = figures.get(event.figure)
          if (figure !== undefined) figure.values[event.first + i] = value
        }
  }
  const context = new RunContext({
    model,
    params: resolveParams(PATH_PARAMS, null, values),
    seed: 0,
    memoryBytes: 1e9,
    signal: new AbortController().signal,
    resumed,
    emit,
  })
  await (await studyOf()).run(context)
  await context.flush()
  return { figures, tables }
}

function cellsOf(outcome: Outcome, id: string): number[] {
  return outcome.figures.get(id)?.values ?? []
}

describe('on the embedded model', () => {
  it('one head of layer 4 and the MLPs after it tell the logits; nothing before layer 3 does', async () => {
    const outcome = await run({})
    const mlps = cellsOf(outcome, 'mlps')
    const heads = cellsOf(outcome, 'heads')
    expect(mlps).toHaveLength(6)
    expect(heads).toHaveLength(36)
    expect(heads[4 * 6 + 1]).toBeGreaterThan(0.5)
    expect(mlps[5]).toBeGreaterThan(0.2)
    for (const value of [...heads.slice(0, 18), ...mlps.slice(0, 3)]) expect(Math.abs(value)).toBeLessThan(0.01)
    const [first] = outcome.tables[0]?.rows ?? []
    expect(first).toEqual({ sender: 'L4H1', recovered: heads[4 * 6 + 1] })
  })

  it('its values hear of “am” from the token alone; a cell run again by itself gives the same number', async () => {
    const values = { receivers: 'L4H0.v' }
    const outcome = await run(values)
    const mlps = cellsOf(outcome, 'mlps')
    expect(mlps).toHaveLength(4)
    expect(Math.max(...[...mlps, ...cellsOf(outcome, 'heads')].map(Math.abs))).toBeLessThan(0.01)
    const params = resolveParams(PATH_PARAMS, null, values)
    const study = await studyOf()
    const question = await study.cell(model, params, 'mlps', 0)
    if (question === null) throw new Error('no cell')
    expect(question.what).toMatch(/^MLP 0 to L4H0\.v, sent from “the time/)
    const tokens = answerTokens(model, PATH_PARAMS.answer.default, 'answer').ids
    const against = answerTokens(model, PATH_PARAMS.against.default, 'against').ids
    const metrics = [{ kind: 'logit_diff' as const, tokens, against }]
    const clean = model.tokenizer.encode(PATH_PARAMS.clean.default)
    const runs = [{ ids: question.ids, interventions: question.interventions }, { ids: question.ids }, { ids: clean }]
    const [patched = 0, corrupted = 0, whole = 0] = (await runWithHooks(model, runs, { metrics })).map(
      output => output.values[0] ?? 0,
    )
    expectClose([mlps[0] ?? 0], [(patched - corrupted) / (whole - corrupted)], { atol: 1e-5 })
    expect(await study.cell(model, params, 'mlps', 4)).toBeNull()
    expect(await study.cell(model, params, 'other', 0)).toBeNull()
  })

  it('the preset for keys shows an MLP that tells the head where “am” stands', async () => {
    const preset = (await studyOf()).presets.find(({ id }) => id === 'demo-keys')
    const outcome = await run({ ...preset?.values })
    expect(cellsOf(outcome, 'mlps')[3]).toBeGreaterThan(0.3)
    expect(outcome.tables[0]?.rows[0]?.sender).toBe('MLP 3')
  })

  it('says what it will run, and runs on a resume what is left only', async () => {
    const study = await studyOf()
    const estimate = await study.estimate(model, resolveParams(PATH_PARAMS, null, { receivers: 'L5H0.v' }))
    expect(estimate.patches).toBe(35)
    const whole = await run({})
    const resumed = [...whole.figures.values()].map(({ spec, values }): ResumedFigure => {
      const known = Uint8Array.from(values, (_, i) => (i === 5 ? 0 : 1))
      return { spec, values: Float64Array.from(values), marks: new Uint8Array(values.length), known }
    })
    const rest = await run({}, resumed)
    expect(Object.keys(cellsOf(rest, 'mlps'))).toEqual(['5'])
    expectClose([cellsOf(rest, 'mlps')[5] ?? 0], [cellsOf(whole, 'mlps')[5] ?? 1], { atol: 1e-5 })
  })
})

describe('what is asked for', () => {
  it('receivers and positions', () => {
    expect(parseReceivers(model, ' L5H1.q, l4h0.V L5H1.q')).toEqual([
      { layer: 5, head: 1, input: 'q' },
      { layer: 4, head: 0, input: 'v' },
    ])
    expect(parseReceivers(model, '')).toEqual([])
    expect(() => parseReceivers(model, 'L5H1')).toThrow(/receivers, L5H1: expected a head's input/)
    expect(() => parseReceivers(model, 'L0H1.q')).toThrow(/expected a layer from 1 to 5/)
    expect(() => parseReceivers(model, 'L5H6.q')).toThrow(/head from 0 to 5, got 6/)
    expect(() => parseReceivers(model, 'L5H2.v')).toThrow(/key\/value head, which 6 heads share, from 0 to 1, got 2/)
    expect(parsePosition('all', 9, true)).toBe('all')
    expect(parsePosition('-1', 9, true)).toBe(8)
    expect(parsePosition('3', 9, false)).toBe(3)
    expect(() => parsePosition('3', 9, true)).toThrow(/read that one directly/)
    expect(() => parsePosition('9', 9, false)).toThrow(/position from -9 to 8, got 9/)
    expect(() => parsePosition('x', 9, false)).toThrow(/expected all/)
  })
})
