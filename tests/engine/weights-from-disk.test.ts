/**
 * A model whose weights stay on disk gives the numbers of one in memory, bit for bit, reads each weight
 * once a pass, and ends in one sentence where a file goes bad under it.
 */
import { cpSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { configReader } from '../../engine/checkpoint/config.ts'
import { openCheckpoint } from '../../engine/checkpoint/open.ts'
import { CheckpointError } from '../../engine/errors.ts'
import { familyOf } from '../../engine/families/registry.ts'
import { generate } from '../../engine/generate.ts'
import { loadModel } from '../../engine/load.ts'
import { readLayer, SlotReader, tensorsOfLayer } from '../../engine/load-weights.ts'
import type { Model } from '../../engine/model.ts'
import { unembeddingAsStored } from '../../engine/unembedding-as-stored.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { openCounted } from '../support/disk-model.ts'
import { checkpointDir, NO_TOKENIZER, supportedCases, temporaryFolder } from '../support/fixtures.ts'
import { promptOf, usableBackends } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

const backend = (await usableBackends()).at(-1) ?? 'wasm'
const opened: Model[] = []

async function open(dir: string, residency: 'memory' | 'disk'): Promise<Model> {
  const model = await loadModel(dir, { residency, backend, tokenizer: NO_TOKENIZER })
  opened.push(model)
  return model
}

/** The fixture twice: all in memory, and on disk. */
async function both(name: string): Promise<[memory: Model, disk: Model]> {
  return [await open(checkpointDir(name), 'memory'), await open(checkpointDir(name), 'disk')]
}

afterEach(async () => {
  for (const model of opened.splice(0)) await model.dispose()
})

const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length)

async function slotsOf(name: string) {
  const checkpoint = await openCheckpoint(checkpointDir(name))
  const config = configReader({ ...checkpoint.config })
  const family = familyOf(config)
  const spec = family.spec(config)
  return { checkpoint, spec, slots: family.slots(spec, tensor => checkpoint.tensors.has(tensor)) }
}

describe.each(supportedCases())('%s', name => {
  expectNoTensorLeaks()

  it.each(['memory', 'disk'] as const)(
    'loading to %s reads each tensor once, and what it says it will',
    async residency => {
      const steps: [done: number, total: number][] = []
      const onProgress = (done: number, total: number) => steps.push([done, total])
      const options = { residency, backend, tokenizer: NO_TOKENIZER, onProgress }
      opened.push(await loadModel(checkpointDir(name), options))
      const [done, total] = steps.at(-1) ?? []
      expect(done).toBe(total)
    },
  )

  it('from disk a pass gives what it gives from memory, bit for bit', async () => {
    const [memory, disk] = await both(name)
    expect([memory.weights.residency, disk.weights.residency]).toEqual(['memory', 'disk'])
    const run = { ids: promptOf(memory, 5, 3) }
    const [expected] = await runWithHooks(memory, [run], { logits: 'all' })
    // The second pass finds the last layer of the first in memory, and nothing read ahead.
    for (let pass = 0; pass < 2; pass++) {
      const [got] = await runWithHooks(disk, [run], { logits: 'all' })
      expect(got?.logits.map(bits)).toEqual(expected?.logits.map(bits))
    }
  })

  it('names each tensor that a layer reads', async () => {
    const { checkpoint, spec, slots } = await slotsOf(name)
    try {
      for (const layer of spec.layers.keys()) {
        const names = new Set<string>()
        const read = (tensor: string) => {
          names.add(tensor)
          return checkpoint.read(tensor)
        }
        await readLayer(new SlotReader({ tensors: checkpoint.tensors, read }), spec, slots.layer(layer))
        expect(tensorsOfLayer(slots.layer(layer)).sort()).toEqual([...names].sort())
      }
    } finally {
      await checkpoint.close()
    }
  })
})

it('parts of a fused matrix are windows on it, not copies', async () => {
  const { checkpoint, spec, slots } = await slotsOf('phi3')
  const { q, k, v, mlp } = await readLayer(new SlotReader(checkpoint), spec, slots.layer(0))
  expect(new Set([q, k, v].map(({ weight }) => weight.data.buffer)).size).toBe(1)
  expect(mlp?.gate?.weight.data.buffer).toBe(mlp?.up.weight.data.buffer)
  await checkpoint.close()
})

describe('weights from disk', () => {
  expectNoTensorLeaks()

  it('each weight is read once a pass, the unembedding once for all', async () => {
    const { model, reads } = await openCounted('llama-mha-untied', backend)
    opened.push(model)
    const run = { ids: promptOf(model, 4, 1) }
    await runWithHooks(model, [run], { logits: [-1] })
    // Old checkpoints store rotary frequencies, which nobody reads.
    const layered = [...model.checkpoint.tensors.keys()].filter(tensor => /\.layers\..*weight$/.test(tensor))
    expect(layered.length).toBeGreaterThan(0)
    for (const tensor of [...layered, 'lm_head.weight']) expect(reads.get(tensor), tensor).toBe(1)
    await runWithHooks(model, [run], { logits: [-1] })
    for (const tensor of layered.filter(each => !each.includes('.layers.0.')))
      expect(reads.get(tensor), tensor).toBeLessThanOrEqual(2)
    expect(reads.get('lm_head.weight')).toBe(1)
  })

  it.each(['llama-gqa-tied', 'mixtral', 'gpt2'])('%s: it generates what it generates from memory', async name => {
    const texts: number[][] = []
    for (const model of await both(name)) {
      const ids: number[] = []
      for await (const { id } of generate(model, promptOf(model, 3, 5), { maxTokens: 6, eosIds: [] })) ids.push(id)
      texts.push(ids)
    }
    expect(texts[0]).toHaveLength(6)
    expect(texts[1]).toEqual(texts[0])
  })

  it('two passes at once each get their own layers', async () => {
    const [memory, disk] = await both('mistral')
    const prompts = [promptOf(memory, 5, 1), promptOf(memory, 7, 2), promptOf(memory, 3, 3)]
    const one = async (model: Model, ids: number[]) =>
      (await runWithHooks(model, [{ ids }], { logits: [-1] }))[0]?.logits.map(bits)
    const logits = (model: Model) => Promise.all(prompts.map(ids => one(model, ids)))
    expect(await logits(disk)).toEqual(await logits(memory))
  })

  it('layers come in whatever order they are asked for', async () => {
    const [memory, disk] = await both('llama-mha-untied')
    for (const layer of [0, 2, 1, 1, 2, 0]) {
      const got = [...(await disk.weights.layer(layer)).q.weight.data]
      expect(got, `layer ${layer}`).toEqual([...(await memory.weights.layer(layer)).q.weight.data])
    }
  })

  it('a layer stays in place until who asked for it has had a turn, though the next is asked for and read', async () => {
    const [memory, disk] = await both('llama-mha-untied')
    const use = async (model: Model, layer: number) => {
      const weights = await model.weights.layer(layer)
      // A few promises on the way, as in a convoy, are no turn of the event loop.
      for (let i = 0; i < 10; i++) await Promise.resolve()
      return [...weights.q.weight.data]
    }
    await use(disk, 0)
    // Time for reading layer 1 ahead.
    await setTimeout(50)
    const got = await Promise.all([use(disk, 0), use(disk, 1)])
    expect(got).toEqual([await use(memory, 0), await use(memory, 1)])
  })

  it('a matrix that was taken back throws: it holds another layer’s numbers by then', async () => {
    const model = await open(checkpointDir('mistral'), 'disk')
    const first = await model.weights.layer(0)
    expect(first.q.weight.data.length).toBeGreaterThan(0)
    await model.weights.layer(1)
    expect(() => first.q.weight.data).toThrow(/layers\.0\.self_attn\.q_proj\.weight to be in use/)
  })

  it('a file that is cut after it was opened ends in one sentence, every time', async () => {
    const { dir, remove } = temporaryFolder()
    try {
      cpSync(checkpointDir('mistral'), dir, { recursive: true })
      const model = await open(dir, 'disk')
      const end = Math.max(...[...model.checkpoint.tensors.values()].map(tensor => tensor.end))
      truncateSync(join(dir, 'model.safetensors'), Math.floor(end * 0.6))
      for (let i = 0; i < 2; i++) {
        const pass = runWithHooks(model, [{ ids: [1, 2, 3] }], { logits: [-1] })
        await expect(pass).rejects.toThrow(CheckpointError)
        await expect(pass).rejects.toThrow(
          /^model\.safetensors: expected data at byte \d+, got the end: the file was cut/,
        )
      }
    } finally {
      remove()
    }
  })

  it('a tensor of the wrong shape or format is refused before anything is computed', async () => {
    const up = 'model.layers.1.mlp.up_proj.weight'
    const lying = (change: object) =>
      openCounted('mistral', backend, ({ tensors }) => {
        const info = tensors.get(up)
        return info === undefined ? {} : { tensors: new Map(tensors).set(up, { ...info, ...change }) }
      })
    await expect(lying({ shape: [3, 5] })).rejects.toThrow(
      /up_proj\.weight: expected shape \[.*\] from config\.json, got \[3, 5\]/,
    )
    await expect(lying({ dtype: 'I32' })).rejects.toThrow(/up_proj\.weight"?: expected F32, F16, BF16, got I32/)
  })

  it('the unembedding in parts is the unembedding', async () => {
    const { checkpoint, spec, slots } = await slotsOf('llama-mha-untied')
    const [memory] = await both('llama-mha-untied')
    try {
      // Parts of three rows, and a shorter last one.
      const ends = await unembeddingAsStored(
        checkpoint,
        new SlotReader(checkpoint),
        spec,
        slots,
        memory.backend,
        () => {},
        3.5 * spec.dModel,
      )
      const whole = [...memory.weights.unembed.parts()].flatMap(({ data }) => [...data])
      const sizes: number[] = []
      const parts: number[] = []
      for (const { data, outSize } of ends.unembed.parts()) {
        sizes.push(outSize)
        parts.push(...data)
      }
      expect(parts).toEqual(whole)
      expect(sizes.slice(0, -1).every(size => size === 3)).toBe(true)
      expect(sizes.reduce((a, b) => a + b)).toBe(spec.vocab)
      expect([...ends.unembed.rows([5, 0])]).toEqual([...memory.weights.unembed.rows([5, 0])])
      expect([...ends.embedding(7)]).toEqual([...memory.weights.embedding(7)])
      const run = { ids: promptOf(memory, 4, 2) }
      const model = { ...memory, weights: { ...memory.weights, unembed: ends.unembed } }
      const [inParts] = await runWithHooks(model, [run], { logits: 'all' })
      const [expected] = await runWithHooks(memory, [run], { logits: 'all' })
      expect(inParts?.logits).toEqual(expected?.logits)
    } finally {
      await checkpoint.close()
    }
  })
})
