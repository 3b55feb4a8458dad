/** The drawer on a model larger than memory: every view is what it is from memory, and reads no layer more than it must. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadModel } from '../../../../engine/load.ts'
import type { Model } from '../../../../engine/model.ts'
import { logitLens } from '../../../../hooks/logit-lens.ts'
import { lookAtCell } from '../../../../studies/runs/cell/look.ts'
import type { CellLook } from '../../../../studies/runs/cell/types.ts'
import { yielding } from '../../../../studies/runs/cell/yielding.ts'
import { EMBEDDED_MODEL } from '../../../../studies/runs/model-list.ts'
import type { CellQuestion } from '../../../../studies/study.ts'
import timePatching from '../../../../studies/time-patching.ts'
import { countingLayers } from '../../../support/counting-layers.ts'
import { openCounted } from '../../../support/disk-model.ts'
import { openFixture, promptOf } from '../../../support/models.ts'
import { expectNoTensorLeaks } from '../../../support/tensors.ts'

let memory: Model
let disk: Model
expectNoTensorLeaks()
beforeAll(async () => {
  memory = await loadModel(EMBEDDED_MODEL, { backend: 'wasm', residency: 'memory' })
  disk = await loadModel(EMBEDDED_MODEL, { backend: 'wasm', residency: 'disk' })
})
afterAll(async () => {
  await memory.dispose()
  await disk.dispose()
})

const prompts = {
  schema: timePatching.params,
  params: { clean: 'the time is', pairs: [['one two', 'one two']] as const },
}

/** A donor, and more tokens than one window. */
function questionOf(model: Model): CellQuestion {
  const ids = promptOf(model, 150, 1)
  const from = promptOf(model, 150, 2)
  return {
    what: '',
    ids,
    position: -1,
    interventions: [{ at: 'blocks.1.hook_resid_pre', position: 130, set: { from } }],
  }
}

const look = (model: Model, look: CellLook, question = questionOf(model)) =>
  lookAtCell({ model: yielding(model), cell: { figure: 'f', index: 0 }, question, prompts }, look)

it.each<CellLook>([
  { view: 'detail', question: {} },
  { view: 'attention', question: { layer: 3, head: 2 } },
  { view: 'attention', question: { layer: 0, head: 0, from: 2 } },
  { view: 'lens', question: {} },
  { view: 'neuron', question: { layer: 2, neuron: 7 } },
])('shows what it shows from memory: %j', async asked => {
  expect(disk.weights.residency).toBe('disk')
  expect(await look(disk, asked)).toEqual(await look(memory, asked))
})

it.each(['mixtral', 'gemma2', 'gpt2'])('shows a neuron of %s, whose weights are kept in another way', async name => {
  const { model } = await openCounted(name, 'wasm')
  const kept = await openFixture(name, 'wasm')
  try {
    const ids = promptOf(kept, 6, 1)
    const question = {
      what: '',
      ids,
      position: -1,
      interventions: [{ at: 'blocks.0.hook_mlp_out', set: { zero: true as const } }],
    }
    const expert = kept.spec.layers[1]?.sparse === true ? { expert: 1 } : {}
    const asked: CellLook = { view: 'neuron', question: { layer: 1, neuron: 3, ...expert } }
    const other = { schema: {}, params: {} }
    const shown = (on: Model) =>
      lookAtCell({ model: yielding(on), cell: { figure: 'f', index: 0 }, question, prompts: other }, asked)
    expect(await shown(model)).toEqual(await shown(kept))
  } finally {
    await model.dispose()
    await kept.dispose()
  }
})

it('reads the layers below the pattern that is shown, and that one', async () => {
  const { counted, asked } = countingLayers(disk)
  await look(counted, { view: 'attention', question: { layer: 2, head: 0 } })
  expect(Math.max(...asked)).toBe(2)
})

it('widens the unembedding of a model on disk a few times for a lens, not for every thousand logits', async () => {
  let widened = 0
  const { unembed } = disk.weights
  const parts = () => {
    widened++
    return unembed.parts()
  }
  const counted: Model = { ...disk, weights: { ...disk.weights, unembed: { ...unembed, parts } } }
  const rows = 4000
  let read = 0
  await logitLens(counted, new Float32Array(rows * disk.spec.dModel).fill(0.1), () => read++)
  expect(read).toBe(rows)
  expect(widened).toBe(1)
})
