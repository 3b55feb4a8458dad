/** Generation: equal to full passes at every step, ended as asked, and nothing left behind. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { BackendError, PatchlightError, ShapeError } from '../../engine/errors.ts'
import { type FinishReason, type GeneratedToken, type GenerateOptions, generate } from '../../engine/generate.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { makeSampler } from '../../engine/sample.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { supportedCases } from '../support/fixtures.ts'
import { openFixture, promptOf, usableBackends } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

const STEPS = 8
const DEMO = fileURLToPath(new URL('../../engine/demo/checkpoint', import.meta.url))

interface Generated {
  readonly ids: number[]
  readonly text: string
  readonly reason: FinishReason
}

async function collect(tokens: AsyncGenerator<GeneratedToken, FinishReason, undefined>): Promise<Generated> {
  const ids: number[] = []
  let text = ''
  for (;;) {
    const next = await tokens.next()
    if (next.done === true) return { ids, text, reason: next.value }
    ids.push(next.value.id)
    text += next.value.text
  }
}

/** The same without a cache: a full pass over all tokens so far for each. */
async function uncached(
  model: Model,
  prompt: readonly number[],
  steps: number,
  options: GenerateOptions,
): Promise<number[]> {
  const sample = makeSampler(options)
  const ids = [...prompt]
  for (let i = 0; i < steps; i++) {
    const [output] = await runWithHooks(model, [{ ids }], { logits: -1 })
    ids.push(sample(output?.logits[0] ?? new Float32Array()))
  }
  return ids.slice(prompt.length)
}

/** Every family on `wasm`, and windows elsewhere. */
const ELSEWHERE = ['mistral-window']

describe.each(await usableBackends())('on %s', backend => {
  describe.each(supportedCases().filter(name => backend === 'wasm' || ELSEWHERE.includes(name)))('%s', name => {
    let model: Model
    beforeAll(async () => {
      model = await openFixture(name, backend)
    })
    afterAll(() => model.dispose())
    expectNoTensorLeaks()

    it('[G1] [R1] over its cache gives what full passes give', async () => {
      const prompt = promptOf(model, 5, 2)
      const steps = Math.min(STEPS, model.spec.maxPositions - prompt.length + 1)
      for (const options of [{}, { temperature: 2, topK: 20, topP: 0.95, seed: 3 }]) {
        const { ids } = await collect(generate(model, prompt, { ...options, maxTokens: steps, eosIds: [] }))
        expect(ids).toEqual(await uncached(model, prompt, steps, options))
      }
    })
  })
})

describe('where it ends', () => {
  let model: Model
  let demo: Model
  const prompt = [1, 2, 3]
  beforeAll(async () => {
    model = await openFixture('llama-gqa-tied')
    demo = await loadModel(DEMO, { backend: 'wasm' })
  })
  afterAll(async () => {
    await model.dispose()
    await demo.dispose()
  })
  expectNoTensorLeaks()

  it('[G4] after maxTokens', async () => {
    const { ids, reason } = await collect(generate(model, prompt, { maxTokens: 4 }))
    expect(ids.length).toBe(4)
    expect(reason).toBe('length')
  })

  it('[G4] at an end token, which is yielded', async () => {
    const { ids: free } = await collect(generate(model, prompt, { maxTokens: 6 }))
    const end = free[3] ?? 0
    const { ids, reason, text } = await collect(generate(model, prompt, { maxTokens: 6, eosIds: [58, end] }))
    expect(ids).toEqual(free.slice(0, free.indexOf(end) + 1))
    expect(reason).toBe('eos')
    expect(text).toBe(
      free
        .slice(0, free.indexOf(end))
        .map(id => ` ${id}`)
        .join(''),
    )
  })

  it('[G4] where the context ends', async () => {
    const long = promptOf(model, 62, 1)
    const { ids, reason } = await collect(generate(model, long, { maxTokens: 20 }))
    // Positions 62 and 63 still run; what follows them is chosen.
    expect(ids.length).toBe(3)
    expect(reason).toBe('context')
    const full = await collect(generate(model, promptOf(model, 64, 1), { maxTokens: 20 }))
    expect([full.ids.length, full.reason]).toEqual([1, 'context'])
  })

  it('[G3] [G4] before a stop string; the texts are the decoded tokens', async () => {
    const ids = demo.tokenizer.encode('she sells sea shells by the')
    const free = await collect(generate(demo, ids, { maxTokens: 12, eosIds: [] }))
    const whole = demo.tokenizer.decode([...ids, ...free.ids])
    expect(demo.tokenizer.decode(ids) + free.text).toBe(whole)
    expect(free.text.length).toBeGreaterThan(6)
    const stop = free.text.slice(3, 6)
    const { text, reason } = await collect(generate(demo, ids, { maxTokens: 12, eosIds: [], stop: ['#never#', stop] }))
    expect(reason).toBe('stop')
    expect(text).toBe(free.text.slice(0, free.text.indexOf(stop)))
  })

  it('[G3] a stop string that only began is given at the end', async () => {
    const { text } = await collect(generate(model, prompt, { maxTokens: 3, stop: ['zz'] }))
    const free = await collect(generate(model, prompt, { maxTokens: 3 }))
    const held = await collect(generate(model, prompt, { maxTokens: 3, stop: [`${free.text.slice(-2)}and more`] }))
    expect([text, held.text]).toEqual([free.text, free.text])
    expect(held.reason).toBe('length')
  })

  it('[R1] left early, it frees everything', async () => {
    const seen: number[] = []
    for await (const { id } of generate(model, prompt, { maxTokens: 20 })) {
      seen.push(id)
      if (seen.length === 3) break
    }
    expect(seen.length).toBe(3)
  })

  it('[R1] aborted, it frees everything', async () => {
    const controller = new AbortController()
    const tokens = generate(model, prompt, { maxTokens: 20, signal: controller.signal })
    await tokens.next()
    controller.abort(new Error('enough'))
    await expect(tokens.next()).rejects.toThrow('enough')
  })

  it('[R1] when logits cannot be read, it frees everything', async () => {
    const { view } = model.backend
    const reading = vi.spyOn(model.backend, 'view').mockImplementation(x => {
      if (x.size === model.spec.vocab) throw new BackendError('the device is gone')
      return view(x)
    })
    await expect(generate(model, prompt).next()).rejects.toThrow('the device is gone')
    reading.mockRestore()
  })

  it.each<[readonly number[], GenerateOptions, string]>([
    [[], {}, 'prompt: expected at least one token, got none'],
    [[59], {}, 'prompt: expected token ids from 0 to 58, got 59'],
    [new Array(65).fill(1), {}, 'prompt: expected at most 64 tokens'],
    [prompt, { maxTokens: 0 }, 'generate: expected maxTokens to be a whole number from 1, got 0'],
    [prompt, { maxTokens: 2.5 }, 'generate: expected maxTokens to be a whole number from 1, got 2.5'],
    [prompt, { stop: ['a', ''] }, 'generate: expected stop strings of at least one character, got none'],
    [prompt, { temperature: -1 }, 'generate: expected a temperature'],
  ])('%j %j is an error before anything runs', async (ids, options, message) => {
    const failure = generate(model, ids, options).next()
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.toBeInstanceOf(PatchlightError)
    expect(new ShapeError('')).toBeInstanceOf(PatchlightError)
  })
})
