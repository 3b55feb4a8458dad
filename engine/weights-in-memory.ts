/** All weights of a model, widened to float32 in host memory: where they belong when they fit. */
import type { Backend } from './backends/types.ts'
import { internalError } from './errors.ts'
import type { ModelSlots } from './families/family.ts'
import { readLayer, readSmallEnds, type SlotReader } from './load-weights.ts'
import type { ModelSpec } from './spec.ts'
import { type LayerWeights, type LinearWeights, linearsOf, type ModelWeights, type Unembedding } from './weights.ts'

/** @throws CheckpointError for a tensor that is missing, damaged or of the wrong shape */
export async function weightsInMemory(
  reader: SlotReader,
  spec: ModelSpec,
  slots: ModelSlots,
  backend: Backend,
): Promise<ModelWeights> {
  const { vocab, dModel } = spec
  const embedding = await reader.tensor(slots.embedding, [vocab, dModel])
  const { weight, bias }: LinearWeights =
    slots.unembed === undefined
      ? {
          weight: { name: slots.embedding, outSize: vocab, inSize: dModel, data: embedding, transposed: false },
          bias: null,
        }
      : await reader.linear(slots.unembed, vocab, dModel)
  const ends = await readSmallEnds(reader, spec, slots)
  const layers: LayerWeights[] = []
  for (const index of spec.layers.keys()) layers.push(await readLayer(reader, spec, slots.layer(index)))
  return {
    residency: 'memory',
    ...ends,
    embedding: token => embedding.subarray(token * dModel, (token + 1) * dModel),
    unembed: unembeddingInMemory({ weight, bias }),
    layer: index => {
      const found = layers[index]
      if (found === undefined) throw internalError(`no layer ${index}`)
      return found
    },
    dispose: async () => {
      for (const linear of layers.flatMap(linearsOf)) backend.release(linear.weight)
      backend.release(weight)
    },
  }
}

/** An unembedding that is one matrix, [vocab, d_model]. */
export function unembeddingInMemory({ weight, bias }: LinearWeights): Unembedding {
  const { data, inSize } = weight
  return {
    bias,
    parts: () => [weight],
    rows: tokens => {
      const rows = new Float32Array(tokens.length * inSize)
      for (const [i, token] of tokens.entries())
        rows.set(data.subarray(token * inSize, (token + 1) * inSize), i * inSize)
      return rows
    },
  }
}
