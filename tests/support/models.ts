/** Fixture models on the backends of this machine, and prompts for them. */
import { selectBackend } from '../../engine/backends/select.ts'
import type { BackendName } from '../../engine/backends/types.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { checkpointDir, NO_TOKENIZER } from './fixtures.ts'
import { seededRandom } from './random.ts'

/** Of `wasm` and `blas`, those that work here: `wasm` always does. */
export async function usableBackends(): Promise<BackendName[]> {
  const usable: BackendName[] = []
  for (const name of ['wasm', 'blas'] as const)
    await selectBackend(name).then(
      () => usable.push(name),
      () => undefined,
    )
  return usable
}

/** A parity fixture's checkpoint, which has no tokenizer. */
export function openFixture(name: string, backend: BackendName = 'wasm'): Promise<Model> {
  return loadModel(checkpointDir(name), { backend, tokenizer: NO_TOKENIZER })
}

/** Token ids that look random and are the same every time. */
export function promptOf(model: Model, length: number, seed: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length }, () => Math.floor(random() * model.spec.vocab))
}
