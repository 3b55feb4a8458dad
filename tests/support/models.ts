/** Fixture models on the backends of this machine, and prompts for them. */
import { startBackend } from '../../engine/backends/dtype.ts'
import { selectBackend } from '../../engine/backends/select.ts'
import type { BackendName, Dtype } from '../../engine/backends/types.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { checkpointDir, NO_TOKENIZER } from './fixtures.ts'
import { seededRandom } from './random.ts'
import { webgpuMissing } from './webgpu.ts'

/** In the order of the suites; PATCHLIGHT_TEST_BACKENDS, a list with commas, leaves only those it names. */
const TESTED: readonly BackendName[] = ['wasm', 'blas', 'tensorflow', 'webgpu']

/** How many times a suite's tolerance a backend may take, and why it needs that. */
export const LEEWAY: Readonly<Record<BackendName, { readonly times: number; readonly why: string }>> = {
  wasm: { times: 1, why: 'float32 in another order of summation, which is what the tolerances are made for' },
  blas: { times: 1, why: 'the same' },
  tensorflow: { times: 1, why: 'the same; on CUDA too, where its shortened float32 (TF32) is switched off' },
  webgpu: { times: 1, why: 'the same' },
}

export interface Suite {
  /** Takes webgpu on a software driver too, where there is no GPU: a millisecond a kernel. @default false, unless it is asked for by name */
  readonly software?: boolean
}

/** The backends that suites run over: those that work here, `wasm` always among them. */
export async function usableBackends({ software = false }: Suite = {}): Promise<BackendName[]> {
  const only = process.env.PATCHLIGHT_TEST_BACKENDS?.split(',')
  if (software || only?.includes('webgpu') === true) webgpuMissing()
  const usable: BackendName[] = []
  for (const name of TESTED) {
    if (only !== undefined && !only.includes(name)) continue
    await selectBackend(name).then(
      () => usable.push(name),
      error => {
        // A suite that was asked for by name must not pass by not running.
        if (only !== undefined) throw error
      },
    )
  }
  return usable
}

/** What suites that hold in any format run over: `usableBackends` in float32, and `blas` in bfloat16 where it has it. */
export async function usableFormats(suite: Suite = {}): Promise<[label: string, backend: BackendName, dtype: Dtype][]> {
  const formats = (await usableBackends(suite)).map((name): [string, BackendName, Dtype] => [name, name, 'f32'])
  if (!formats.some(([, name]) => name === 'blas')) return formats
  return startBackend('blas', 'bf16').then(
    () => [...formats, ['blas in bf16', 'blas', 'bf16']],
    () => formats,
  )
}

/** A parity fixture's checkpoint, which has no tokenizer. */
export function openFixture(name: string, backend: BackendName = 'wasm', dtype: Dtype = 'f32'): Promise<Model> {
  return loadModel(checkpointDir(name), { backend, dtype, tokenizer: NO_TOKENIZER })
}

/** Token ids that look random and are the same every time. */
export function promptOf(model: Model, length: number, seed: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length }, () => Math.floor(random() * model.spec.vocab))
}
