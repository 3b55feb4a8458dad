/** What the drawer shows of a cell, against direct computations on the embedded model. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadModel } from '../../../../engine/load.ts'
import type { Model } from '../../../../engine/model.ts'
import { runWithHooks } from '../../../../hooks/hooked.ts'
import { neuronLogits, outputWeights } from '../../../../hooks/neuron-writes.ts'
import { lookAtCell } from '../../../../studies/runs/cell/look.ts'
import type { CellDetail, CellLook, CellNeuron, CellView, CellViews } from '../../../../studies/runs/cell/types.ts'
import type { CellQuestion } from '../../../../studies/study.ts'
import timePatching from '../../../../studies/time-patching.ts'

const DEMO = fileURLToPath(new URL('../../../../engine/demo/checkpoint', import.meta.url))
const CELL = { figure: 'cells', index: 3 }
const TEXT = 'the time displayed is 9:00 pm. therefore, it is currently the'

let model: Model
let clean: number[]
let ids: number[]
/** Where am stands against pm. */
let differs: number
let question: CellQuestion
const prompts = {
  schema: timePatching.params,
  params: { clean: TEXT.replace('pm', 'am'), corrupted: TEXT, pairs: [['one two', 'one two']] },
} as const

beforeAll(async () => {
  model = await loadModel(DEMO, { backend: 'wasm' })
  ids = model.tokenizer.encode(TEXT)
  clean = model.tokenizer.encode(TEXT.replace('pm', 'am'))
  differs = ids.findIndex((id, i) => id !== clean[i])
  const token = (text: string) => model.tokenizer.encode(text, { specialTokens: false })
  question = {
    what: 'the stream',
    ids,
    position: -1,
    interventions: [{ at: 'blocks.2.hook_resid_pre', position: differs, set: { from: clean } }],
    answer: token(' morning'),
    against: [...token(' night'), ...token(' evening')],
  }
})

afterAll(() => model.dispose())

async function look<V extends CellView>(
  view: V,
  asked: CellViews[V]['in'],
  of: CellQuestion | null = question,
): Promise<CellViews[V]['out']> {
  const looked = { view, question: asked } as CellLook
  return (await lookAtCell({ model, cell: CELL, question: of, prompts }, looked)) as CellViews[V]['out']
}

/** The run without and with the patch. */
const sides = () => [{ ids }, { ids, interventions: question.interventions }]

function expectNear(found: ArrayLike<number | null>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(found.length).toBe(wanted.length)
  let worst = 0
  for (let i = 0; i < wanted.length; i++)
    worst = Math.max(worst, Math.abs((found[i] ?? Number.NaN) - (wanted[i] ?? 0)) || 0)
  expect(Array.from(found).every(value => value !== null)).toBe(true)
  expect(worst).toBeLessThanOrEqual(tolerance)
}

describe('the overview', () => {
  it('gives every listed token its logit, log-probability and rank on both sides', async () => {
    const detail = await look('detail', {})
    const [before, after] = await runWithHooks(model, sides(), { logits: -1 })
    const entirely = (logits: Float32Array) => {
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0)
      const order = [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0))
      return { logits, sum, order }
    }
    const first = entirely(before?.logits[0] ?? new Float32Array())
    const second = entirely(after?.logits[0] ?? new Float32Array())
    expect(new Set(detail.top.map(token => token.id))).toEqual(
      new Set([...first.order.slice(0, 10), ...second.order.slice(0, 10)]),
    )
    for (const token of detail.top)
      for (const [reading, side] of [[token.before, first] as const, [token.after, second] as const]) {
        const logit = side.logits[token.id] ?? 0
        expect(reading.logit).toBeCloseTo(logit, 5)
        expect(reading.logProb).toBeCloseTo(logit - Math.log(side.sum), 4)
        expect(reading.prob).toBeCloseTo(Math.exp(logit) / side.sum, 5)
        expect(reading.rank).toBe(side.order.indexOf(token.id))
      }
    expect(detail.top.some(token => token.before.rank >= 10)).toBe(true)
    expect(detail.top.map(token => token.label)).toContain(model.tokenizer.label(first.order[0] ?? 0))
  })

  it('measures the study’s answer by every metric, as runWithHooks does', async () => {
    const detail = await look('detail', {})
    const { answer = [], against = [] } = question
    const [plain] = await runWithHooks(model, [{ ids }], { logits: -1 })
    const logits = plain?.logits[0] ?? new Float32Array()
    const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0))
    const reference = logits.map(logit => logit - sum)
    const ranks = (tokens: readonly number[]) => tokens.map(token => ({ kind: 'rank', token }) as const)
    const metrics = [
      { kind: 'logit', tokens: answer },
      { kind: 'log_prob', tokens: answer },
      { kind: 'prob', tokens: answer },
      ...ranks(answer),
      { kind: 'logit', tokens: against },
      { kind: 'log_prob', tokens: against },
      { kind: 'prob', tokens: against },
      ...ranks(against),
      { kind: 'logit_diff', tokens: answer, against },
      { kind: 'kl', reference },
    ] as const
    const [before, after] = await runWithHooks(model, sides(), { metrics })
    expect(detail.metrics.map(({ kind }) => kind)).toEqual(metrics.map(({ kind }) => kind))
    expectNear(
      detail.metrics.map(metric => metric.before),
      before?.values ?? [],
      1e-5,
    )
    expectNear(
      detail.metrics.map(metric => metric.after),
      after?.values ?? [],
      1e-5,
    )
    expect(detail.metrics.map(({ label }) => label)).toContain('log p(·morning)')
    expect(detail.metrics.map(({ label }) => label)).toContain('logit of ·morning − ·night/·evening')
    expect(detail.followed).toBe('answer')
  })

  it('follows the likeliest token where the study names none', async () => {
    const { answer: _a, against: _b, ...plain } = question
    const detail = await look('detail', {}, plain)
    const top = detail.top.find(token => token.before.rank === 0)
    expect(detail.followed).toBe('top')
    expect(detail.metrics.map(({ kind }) => kind)).toEqual(['logit', 'log_prob', 'prob', 'rank', 'kl'])
    expect(detail.metrics[1]).toMatchObject({ label: `log p(${top?.label})` })
    expect(detail.metrics[1]?.before).toBeCloseTo(top?.before.logProb ?? 0, 4)
  })

  it('names the places that the patch touches, and leaves out interventions that nobody could read', async () => {
    const big = Array.from({ length: model.spec.dModel }, () => 0.5)
    const many = [
      { at: 'L3H5', position: -1, set: { zero: true as const } },
      { at: 'blocks.3.attn.hook_z', head: 5, position: 0, set: { zero: true as const } },
      { at: 'N7@L1', set: { scale: 2 } },
      ...Array.from({ length: 110 }, () => ({ at: 'blocks.5.hook_resid_post', position: 1, set: { value: big } })),
    ]
    const detail = await look('detail', {}, { ...question, interventions: many })
    const last = ids.length - 1
    expect(detail.places).toEqual([
      { point: 'blocks.3.attn.hook_z', layer: 3, head: 5, positions: [0, last] },
      { point: 'blocks.1.mlp.hook_post', layer: 1, neuron: 7, positions: ids.map((_, i) => i) },
      { point: 'blocks.5.hook_resid_post', layer: 5, positions: [1] },
    ])
    expect(detail.interventions).toBeNull()
    expect(detail.numbers).toBeGreaterThan(110 * big.length)
    expect(JSON.stringify(detail).length).toBeLessThan(20_000)
  })

  it('writes null for what JSON cannot say', async () => {
    const interventions = [{ at: 'unembed.hook_out', position: -1, set: { scale: 3e38 } }]
    const detail = await look('detail', {}, { ...question, interventions })
    expect(detail.metrics.map(({ after }) => after)).toContain(null)
    expect(detail.metrics.every(({ before }) => before !== null)).toBe(true)
    expect(JSON.parse(JSON.stringify(detail)).metrics).toEqual(detail.metrics)
  })

  it('says why there is nothing to look at', async () => {
    await expect(look('detail', {}, null)).rejects.toThrow(/figure cells, cell 3: it sums up several runs/)
    await expect(look('lens', {}, { ...question, position: 99 })).rejects.toThrow(/expected the study to compare/)
  })
})

it('sends a stretch of a prompt that is longer than anyone looks along, up to the compared position', async () => {
  const very: Model = { ...model, spec: { ...model.spec, maxPositions: 4096 } }
  const long = Array.from({ length: 2100 }, (_, i) => ids[i % ids.length] ?? 0)
  const interventions = [{ at: 'N11@L0', position: -1, set: { zero: true as const } }]
  const of: CellQuestion = { what: 'a neuron', ids: long, position: -1, interventions }
  const asked = { model: very, cell: CELL, question: of, prompts }
  const detail = (await lookAtCell(asked, { view: 'detail', question: {} })) as CellDetail
  expect(detail).toMatchObject({ position: 2099, window: { from: 52, of: 2100 } })
  expect(detail.window.labels).toHaveLength(2048)
  const view = (await lookAtCell(asked, { view: 'neuron', question: { layer: 0, neuron: 11 } })) as CellNeuron
  const [own] = view.prompts
  expect(own?.window).toMatchObject({ from: 52, of: 2100 })
  expect([own?.before.length, own?.after?.length]).toEqual([2048, 2048])
  expect(own?.before.at(-1)).not.toBe(0)
  expect(own?.after?.at(-1)).toBe(0)
})

describe('attention', () => {
  it('is the pattern of runWithHooks, without and with the patch', async () => {
    const view = await look('attention', { layer: 4, head: 3 })
    const name = 'blocks.4.attn.hook_pattern'
    const runs = await runWithHooks(model, sides(), { capture: name })
    const [before, after] = runs.map(run => run.capture.get(name).data)
    if (before === undefined || after === undefined) throw new Error('no patterns')
    const cells = ids.length ** 2
    const head = (data: Float32Array, one: number) => data.subarray(one * cells, (one + 1) * cells)
    expectNear(view.before, head(before, 3), 1e-5)
    expectNear(view.after, head(after, 3), 1e-5)
    expect(view.window).toMatchObject({ from: 0, of: ids.length })
    expect(view.earlier).toBeNull()
    // A prompt this short is not made smaller.
    expect(view.heads).toHaveLength(model.spec.heads)
    for (const [one, small] of view.heads.entries()) {
      expectNear(small.before, head(before, one), 1e-3)
      const differences = head(after, one).map((weight, i) => Math.abs(weight - (head(before, one)[i] ?? 0)))
      expect(view.changes[one]).toBeCloseTo(Math.max(...differences), 4)
    }
    expect(Math.max(...view.changes)).toBeGreaterThan(0.01)
  })

  it('bounds what it sends of a long prompt, and tells what it leaves out', async () => {
    const long = Array.from({ length: 200 }, (_, i) => ids[i % ids.length] ?? 0)
    const asked = { ...question, ids: long, interventions: [{ at: 'L1H0', set: { zero: true as const } }] }
    const view = await look('attention', { layer: 2, head: 1 }, asked)
    const name = 'blocks.2.attn.hook_pattern'
    const [plain] = await runWithHooks(model, [{ ids: long }], { capture: name })
    const weight = (query: number, key: number) =>
      plain?.capture.get(name).data[(1 * 200 + query) * 200 + key] ?? Number.NaN
    expect(view.window).toMatchObject({ from: 72, of: 200 })
    expect(view.before).toHaveLength(128 ** 2)
    expect(view.before[127 * 128 + 5]).toBeCloseTo(weight(199, 77), 4)
    const earlier = Array.from({ length: 72 }, (_, key) => weight(199, key)).reduce((a, b) => a + b, 0)
    expect(view.earlier?.before[127]).toBeCloseTo(earlier, 4)
    expect(view.size).toBe(24)
    expect(Math.max(...(view.heads[1]?.before ?? []))).toBeCloseTo(Math.max(...view.before), 2)
    const from = await look('attention', { layer: 2, head: 1, from: 10 }, asked)
    expect(from.before[0]).toBeCloseTo(weight(10, 10), 4)
    expect(JSON.stringify(view).length).toBeLessThan(400_000)
  })

  it('refuses what the model does not have', async () => {
    await expect(look('attention', { layer: 6, head: 0 })).rejects.toThrow(/expected a layer from 0 to 5, got 6/)
    await expect(look('attention', { layer: 0, head: 6 })).rejects.toThrow(/expected a head from 0 to 5, got 6/)
    await expect(look('attention', { layer: 0, head: 0, from: 99 })).rejects.toThrow(/from: expected a position/)
  })
})

describe('the logit lens', () => {
  it('ends in the model’s own distribution, and changes only where the patch reaches', async () => {
    const lens = await look('lens', {})
    const { rows, choices, before, after, risen, labels } = lens
    const columns = ids.length
    expect(rows).toEqual(['0', '1', '2', '3', '4', '5', 'out'])
    expect(before.top).toHaveLength(rows.length * columns * choices)
    const [first, second] = await runWithHooks(model, sides(), { logits: 'all' })
    for (let position = 0; position < columns; position++) {
      for (const [side, run] of [[before, first] as const, [after, second] as const]) {
        const logits = run?.logits[position] ?? new Float32Array()
        const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0)
        const best = [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0)).slice(0, choices)
        const at = (6 * columns + position) * choices
        expect(side.top.slice(at, at + choices)).toEqual(best)
        expectNear(
          side.prob.slice(at, at + choices),
          best.map(id => Math.exp(logits[id] ?? 0) / sum),
          1e-5,
        )
      }
      const top = after.top[(6 * columns + position) * choices] ?? 0
      const prob = (run: typeof first) => {
        const logits = run?.logits[position] ?? new Float32Array()
        return Math.exp(logits[top] ?? 0) / logits.reduce((total, logit) => total + Math.exp(logit), 0)
      }
      expect(risen[6 * columns + position]).toBeCloseTo(prob(second) - prob(first), 5)
    }
    // Patched in what goes into layer 2: no layer and no position before that may move.
    for (const [at, change] of risen.entries())
      if (Math.floor(at / columns) < 2 || at % columns < differs) expect(change).toBe(0)
    expect(risen.some(change => Math.abs(change ?? 0) > 0.1)).toBe(true)
    expect(before.top.every(id => labels[id] === model.tokenizer.label(id))).toBe(true)
  })

  it('reads an inner layer as if the model ended there', async () => {
    const lens = await look('lens', {})
    // The stream before layer 3 put in the place of the last: what then comes out is the lens at that row.
    const [run] = await runWithHooks(model, [{ ids }], { capture: 'blocks.3.hook_resid_pre' })
    const { data } = run?.capture.get('blocks.3.hook_resid_pre') ?? { data: new Float32Array() }
    const width = model.spec.dModel
    const interventions = ids.map((_, position) => ({
      at: 'blocks.5.hook_resid_post',
      position,
      set: { value: [...data.subarray(position * width, (position + 1) * width)] },
    }))
    const [ended] = await runWithHooks(model, [{ ids, interventions }], { logits: 'all' })
    const columns = ids.length
    for (let position = 0; position < columns; position++) {
      const logits = ended?.logits[position] ?? new Float32Array()
      expect(lens.before.top[(3 * columns + position) * lens.choices]).toBe(logits.indexOf(Math.max(...logits)))
    }
  })

  it('bounds a long prompt', async () => {
    const long = Array.from({ length: 200 }, (_, i) => ids[i % ids.length] ?? 0)
    const lens = await look('lens', {}, { ...question, ids: long })
    expect(lens.window).toMatchObject({ from: 136, of: 200 })
    expect(lens.risen).toHaveLength(7 * 64)
    await expect(look('lens', { from: 200 }, { ...question, ids: long })).rejects.toThrow(/from 0 to 199, got 200/)
  })

  it('stops when nobody waits', async () => {
    const gone = new AbortController()
    gone.abort()
    const asked = { model, cell: CELL, question, prompts, signal: gone.signal }
    await expect(lookAtCell(asked, { view: 'lens', question: {} })).rejects.toThrow(/abort/)
  })
})

describe('a neuron', () => {
  it('has its activations over the cell’s prompt and the study’s', async () => {
    const interventions = [{ at: 'N11@L4', position: -1, set: { zero: true as const } }]
    const view = await look('neuron', { layer: 4, neuron: 11 }, { ...question, interventions })
    const name = 'blocks.4.mlp.hook_post'
    const column = async (prompt: readonly number[]) => {
      const [run] = await runWithHooks(model, [{ ids: prompt }], { capture: name })
      return run?.capture.get(name).data.filter((_, i) => i % model.spec.dMlp === 11) ?? []
    }
    const [own, ...others] = view.prompts
    const plain = Array.from(await column(ids))
    expectNear(own?.before ?? [], plain, 1e-6)
    expectNear(own?.after ?? [], [...plain.slice(0, -1), 0], 1e-6)
    // A prompt that stands twice among the parameters is shown once, and the cell's own not again.
    expect(others.map(({ name }) => name)).toEqual(['Clean prompt', 'Prompt pairs for neurons'])
    expectNear(others[0]?.before ?? [], await column(clean), 1e-6)
    expect(others[0]?.after).toBeNull()
    expect(view.leftOut).toBe(0)
  })

  it('promotes and demotes what a unit of its activation does to the logits', async () => {
    const neuron = { layer: 5, neuron: 40 }
    const view = await look('neuron', neuron)
    // At the last layer nothing but the final norm follows: hold its divisor by a step too small to move it.
    const name = 'blocks.5.mlp.hook_post'
    const [run] = await runWithHooks(model, [{ ids }], { capture: [name, 'ln_final.hook_scale'], logits: -1 })
    const scale = run?.capture.get('ln_final.hook_scale').data.at(-1) ?? 0
    const last = (ids.length - 1) * model.spec.dMlp + neuron.neuron
    const value = (run?.capture.get(name).data[last] ?? 0) + 1
    const held = { at: 'ln_final.hook_scale', position: -1, set: { value: scale } }
    const interventions = [{ at: 'N40@L5', position: -1, set: { value } }, held]
    const [stepped] = await runWithHooks(model, [{ ids, interventions }], { logits: -1 })
    const gain = Array.from(stepped?.logits[0] ?? [], (logit, i) => logit - (run?.logits[0]?.[i] ?? 0))
    const mean = gain.reduce((sum, one) => sum + one, 0) / gain.length
    const logits = await neuronLogits(model, neuron, { final: scale, mlpOut: null })
    expectNear(
      logits,
      gain.map(one => one - mean),
      1e-3,
    )
    const order = [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0))
    expect(view.promoted.map(({ id }) => id)).toEqual(order.slice(0, 10))
    expect(view.demoted.map(({ id }) => id)).toEqual(order.slice(-10).reverse())
    expect(view.promoted[0]?.logit).toBeCloseTo(logits[order[0] ?? 0] ?? 0, 4)
    expect(view.how).toMatch(/^The neuron’s row of W_out, times the final norm’s weight, divided by .* position \d+/)
    expect(await outputWeights(model, neuron)).toHaveLength(model.spec.dModel)
  })

  it('refuses what the model does not have', async () => {
    await expect(look('neuron', { layer: 0, neuron: 128 })).rejects.toThrow(/a neuron from 0 to 127, got 128/)
    await expect(look('neuron', { layer: 9, neuron: 0 })).rejects.toThrow(/a layer from 0 to 5, got 9/)
    await expect(look('neuron', { layer: 0, neuron: 0, expert: 0 })).rejects.toThrow(/no expert for layer 0/)
  })
})
