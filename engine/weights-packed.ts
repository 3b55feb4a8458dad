/**
 * Weights that a backend keeps in a layout of its own, which for bfloat16 is half of what float32 takes.
 * They are packed one by one as they are read, bfloat16 as it is stored, and no other copy stays. What
 * is read row by row, the embedding and the unembedding of single tokens, stays on disk as it is stored:
 * a row is a few kilobytes.
 */
import type { Backend, Weight } from './backends/types.ts'
import { readUnwidened } from './checkpoint/read-tensor.ts'
import type { Checkpoint } from './checkpoint/types.ts'
import { internalError } from './errors.ts'
import type { ModelSlots } from './families/family.ts'
import { readLayer, readSmallEnds, SlotReader, type TensorSource } from './load-weights.ts'
import type { ModelSpec } from './spec.ts'
import { rowsOnDisk } from './unembedding-as-stored.ts'
import { type LayerWeights, linearsOf, type ModelWeights, type Unembedding } from './weights.ts'

/** Packs a model as it is read; gives back what was packed when that fails. */
export async function weightsPacked(
  checkpoint: Checkpoint,
  spec: ModelSpec,
  slots: ModelSlots,
  backend: Backend,
  onRead: (storedBytes: number) => void = () => {},
): Promise<ModelWeights> {
  const packed: Weight[] = []
  const release = () => {
    for (const weight of packed.splice(0)) backend.release(weight)
  }
  const pack: Backend['pack'] = unpacked => {
    if (backend.pack === undefined) throw internalError(`${backend.name} packs no weights`)
    const weight = backend.pack(unpacked)
    packed.push(weight)
    return weight
  }
  const reader = new SlotReader(unwidened(checkpoint), onRead, pack)
  try {
    const ends = await readSmallEnds(reader, spec, slots)
    const { unembed, embedding } = await packedEnds(checkpoint, reader, spec, slots)
    const layers: LayerWeights[] = []
    for (const index of spec.layers.keys()) layers.push(await readLayer(reader, spec, slots.layer(index)))
    return {
      residency: 'memory',
      ...ends,
      embedding,
      unembed,
      layer: index => {
        const found = layers[index]
        if (found === undefined) throw internalError(`no layer ${index}`)
        return found
      },
      dispose: async () => {
        // Routers are not among the packed.
        for (const { weight } of layers.flatMap(linearsOf)) backend.release(weight)
        release()
      },
    }
  } catch (error) {
    release()
    throw error
  }
}

export interface PackedEnds {
  readonly unembed: Unembedding
  readonly weight: Weight
  /** [d_model] */
  embedding(token: number): Float32Array
}

/** The unembedding packed, and rows of both tables from disk. @param reader packs */
export async function packedEnds(
  checkpoint: Checkpoint,
  reader: SlotReader,
  { vocab, dModel }: ModelSpec,
  slots: ModelSlots,
): Promise<PackedEnds> {
  const slot = slots.unembed ?? { weight: { name: slots.embedding } }
  const embedding = await rowsOnDisk(checkpoint, slots.embedding, [vocab, dModel])
  const row = await rowsOnDisk(checkpoint, slot.weight.name, [vocab, dModel])
  const { weight, bias } = await reader.linear(slot, vocab, dModel)
  return {
    weight,
    embedding,
    unembed: {
      bias,
      parts: () => [weight],
      rows: tokens => {
        const rows = new Float32Array(tokens.length * dModel)
        for (const [i, token] of tokens.entries()) rows.set(row(token), i * dModel)
        return rows
      },
    },
  }
}

/** A checkpoint whose bfloat16 tensors are read as they are stored. */
export function unwidened(checkpoint: Checkpoint): TensorSource {
  return {
    tensors: checkpoint.tensors,
    read: name => checkpoint.read(name),
    readUnwidened: name => readUnwidened(checkpoint, name),
  }
}
