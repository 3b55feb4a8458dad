/** From a checkpoint folder to a model that runs. */
import { chosenDtype } from './backends/chosen-dtype.ts'
import { startBackend } from './backends/dtype.ts'
import type { Backend } from './backends/types.ts'
import { configReader } from './checkpoint/config.ts'
import { checkpointName } from './checkpoint/name.ts'
import { openCheckpoint } from './checkpoint/open.ts'
import { type ChooseOptions, chooseBackend } from './choose-backend.ts'
import { familyOf } from './families/registry.ts'
import { SlotReader } from './load-weights.ts'
import type { LoadOptions, Model } from './model.ts'
import {
  chooseResidency,
  formatNote,
  machineMemory,
  residencyFromEnvironment,
  residencyNote,
  weightSizes,
} from './residency.ts'
import type { ModelSpec } from './spec.ts'
import { loadTokenizer } from './tokenizer.ts'
import { weightsFromDisk } from './weights-from-disk.ts'
import { weightsInMemory } from './weights-in-memory.ts'
import { weightsPacked } from './weights-packed.ts'

/** A rate measured on fewer bytes than this tells little. */
const MIN_MEASURED_BYTES = 50e6

/**
 * Loads a checkpoint folder in Hugging Face layout. Weights are float32 (`LoadOptions.dtype`) in host memory
 * where they fit, and else stay on disk (`LoadOptions.residency`).
 * @throws CheckpointError for a folder that is missing, damaged, of an unsupported kind, or too large
 *   for this machine; BackendError
 */
export async function loadModel(dir: string, options: LoadOptions = {}): Promise<Model> {
  const checkpoint = await openCheckpoint(dir)
  try {
    const config = configReader({ ...checkpoint.config })
    const family = familyOf(config)
    const spec = family.spec(config)
    const slots = family.slots(spec, name => checkpoint.tensors.has(name))
    const name = checkpointName(checkpoint.dir)
    const asked = options.residency ?? residencyFromEnvironment()
    const { backend, why } = await backendFor(spec, options)
    const sizes = weightSizes(spec, slots, checkpoint.tensors, backend.dtype)
    const memory = machineMemory()
    const residency = chooseResidency(name, asked, sizes, memory)
    const tokenizer = options.tokenizer ?? (await loadTokenizer(dir))
    let done = 0
    const total = sizes.atLoad[residency]
    const onRead = (bytes: number): void => {
      done += bytes
      options.onProgress?.(done, total)
    }
    const begin = performance.now()
    const weights =
      residency === 'disk'
        ? await weightsFromDisk(checkpoint, spec, slots, backend, onRead)
        : backend.pack === undefined
          ? await weightsInMemory(new SlotReader(checkpoint, onRead), spec, slots, backend)
          : await weightsPacked(checkpoint, spec, slots, backend, onRead)
    const bytesPerMs = done < MIN_MEASURED_BYTES ? null : done / (performance.now() - begin)
    let parameters = 0
    for (const tensor of checkpoint.tensors.values()) parameters += tensor.shape.reduce((a, b) => a * b, 1)
    return {
      name,
      dir: checkpoint.dir,
      spec,
      tokenizer,
      checkpoint,
      backend,
      backendNote: why,
      weights,
      weightsNote: residency === 'memory' ? formatNote(sizes) : residencyNote(sizes, asked, memory, bytesPerMs),
      parameters,
      dispose: async () => {
        await weights.dispose()
        await checkpoint.close()
      },
    }
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}

/**
 * Starts the fastest for the model; where weights are bfloat16, the one backend that keeps them so.
 * @throws BackendError if none works, or not the one that was asked for
 */
export async function backendFor(
  spec: ModelSpec,
  { backend, dtype }: Pick<LoadOptions, 'backend' | 'dtype'> = {},
  options: ChooseOptions = {},
): Promise<{ backend: Backend; why: string }> {
  if (chosenDtype(dtype) !== 'f32') {
    return { backend: await startBackend(backend, dtype), why: 'the one that keeps weights as bfloat16' }
  }
  const { name, why } = await chooseBackend(spec, backend, options)
  return { backend: await startBackend(name, dtype), why }
}
