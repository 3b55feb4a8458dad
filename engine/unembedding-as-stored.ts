/**
 * Embedding and unembedding of a model whose weights stay on disk. The unembedding stands in memory
 * as it is stored and is widened part by part when it is used; a row of the embedding is read when a
 * prompt has its token, or comes from the unembedding where one matrix serves both.
 */
import type { Backend, Weight } from './backends/types.ts'
import { storedFormat, widenStored } from './checkpoint/read-tensor.ts'
import type { Checkpoint } from './checkpoint/types.ts'
import { CheckpointError } from './errors.ts'
import type { ModelSlots } from './families/family.ts'
import type { SlotReader } from './load-weights.ts'
import type { ModelSpec } from './spec.ts'
import type { Unembedding } from './weights.ts'

/** Numbers of the unembedding that are widened at once: 64 MB, far more than a product needs to be fast. */
const PART_VALUES = 16_000_000

export interface StoredEnds {
  readonly unembed: Unembedding
  /** [d_model] */
  embedding(token: number): Float32Array
}

/** @throws CheckpointError for a tensor that is missing, damaged or of the wrong shape */
export async function unembeddingAsStored(
  checkpoint: Checkpoint,
  reader: SlotReader,
  { vocab, dModel }: ModelSpec,
  slots: ModelSlots,
  backend: Backend,
  onRead: (storedBytes: number) => void,
  partValues = PART_VALUES,
): Promise<StoredEnds> {
  const slot = slots.unembed
  const name = slot === undefined ? slots.embedding : slot.weight.name
  const info = await checkedInfo(checkpoint, name, [vocab, dModel])
  const rowBytes = dModel * storedFormat(info).width
  const raw = new Uint8Array(vocab * rowBytes)
  await checkpoint.readStored(name, raw)
  onRead(raw.byteLength)
  const embeddingRow = await rowsOnDisk(checkpoint, slots.embedding, [vocab, dModel])
  const partRows = Math.min(vocab, Math.max(1, Math.floor(partValues / dModel)))
  const scratch = new ArrayBuffer(partRows * dModel * 4)

  function* parts(): Generator<Weight> {
    for (let begin = 0; begin < vocab; begin += partRows) {
      const end = Math.min(vocab, begin + partRows)
      const data = widenStored(info, raw.subarray(begin * rowBytes, end * rowBytes), scratch)
      const part: Weight = { name, outSize: end - begin, inSize: dModel, data, transposed: false }
      try {
        yield part
      } finally {
        backend.release(part)
      }
    }
  }

  function rows(tokens: readonly number[]): Float32Array {
    const result = new Float32Array(tokens.length * dModel)
    for (const [i, token] of tokens.entries())
      result.set(
        widenStored(info, raw.subarray(token * rowBytes, (token + 1) * rowBytes), new ArrayBuffer(dModel * 4)),
        i * dModel,
      )
    return result
  }

  return {
    unembed: {
      bias: slot?.bias === undefined ? null : await reader.tensor(slot.bias.name, [vocab]),
      parts,
      rows,
    },
    embedding: token => (slot === undefined ? rows([token]) : embeddingRow(token)),
  }
}

/**
 * Reads rows of a table when they are asked for, [width] each.
 * @throws CheckpointError for a table that is missing or of the wrong shape
 */
export async function rowsOnDisk(
  checkpoint: Checkpoint,
  name: string,
  shape: readonly [rows: number, width: number],
): Promise<(row: number) => Float32Array> {
  const info = await checkedInfo(checkpoint, name, shape)
  const [, width] = shape
  const bytes = width * storedFormat(info).width
  return row => {
    const raw = new Uint8Array(bytes)
    checkpoint.readStoredSync(name, raw, row * bytes)
    return widenStored(info, raw, new ArrayBuffer(width * 4))
  }
}

async function checkedInfo(checkpoint: Checkpoint, name: string, shape: readonly number[]) {
  const info = checkpoint.tensors.get(name)
  if (info === undefined) {
    await checkpoint.read(name)
    throw new CheckpointError(`${checkpoint.dir}: expected a tensor ${name}, got none`)
  }
  if (info.shape.join() !== shape.join())
    throw new CheckpointError(
      `${info.file}: tensor ${name}: expected shape [${shape.join(', ')}] from config.json, got [${info.shape.join(', ')}]`,
    )
  return info
}
