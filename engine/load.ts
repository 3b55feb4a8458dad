/** From a checkpoint folder to a model that runs. */
import { selectBackend } from './backends/select.ts'
import { configReader } from './checkpoint/config.ts'
import { checkpointName } from './checkpoint/name.ts'
import { openCheckpoint } from './checkpoint/open.ts'
import { internalError } from './errors.ts'
import { familyOf } from './families/registry.ts'
import { readEnds, readLayer, SlotReader } from './load-weights.ts'
import type { LoadOptions, Model } from './model.ts'
import { loadTokenizer } from './tokenizer.ts'
import type { LayerWeights } from './weights.ts'

/**
 * Loads a checkpoint folder in Hugging Face layout. Weights are widened to float32 in host memory.
 * @throws CheckpointError for a folder that is missing, damaged or of an unsupported kind; BackendError
 */
export async function loadModel(dir: string, options: LoadOptions = {}): Promise<Model> {
  const checkpoint = await openCheckpoint(dir)
  try {
    const config = configReader({ ...checkpoint.config })
    const family = familyOf(config)
    const spec = family.spec(config)
    const slots = family.slots(spec, name => checkpoint.tensors.has(name))
    const tokenizer = options.tokenizer ?? (await loadTokenizer(dir))
    const backend = await selectBackend(options.backend)
    let done = 0
    const reader = new SlotReader(checkpoint, bytes => {
      done += bytes
      options.onProgress?.(done, checkpoint.bytes)
    })
    const ends = await readEnds(reader, spec, slots)
    const layers: LayerWeights[] = []
    for (const index of spec.layers.keys()) layers.push(await readLayer(reader, spec, slots.layer(index)))
    const weights = {
      ...ends,
      layer: (layer: number) => {
        const found = layers[layer]
        if (found === undefined) throw internalError(`no layer ${layer}`)
        return found
      },
    }
    let parameters = 0
    for (const tensor of checkpoint.tensors.values()) parameters += tensor.shape.reduce((a, b) => a * b, 1)
    return {
      name: checkpointName(checkpoint.dir, config),
      dir: checkpoint.dir,
      spec,
      tokenizer,
      checkpoint,
      backend,
      weights,
      parameters,
      dispose: () => checkpoint.close(),
    }
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}
