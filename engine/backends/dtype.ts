/** Backends by the number format of their weights (`chosen-dtype.ts`). */
import { BackendError } from '../errors.ts'
import { chosenDtype } from './chosen-dtype.ts'
import { createBfloat16Backend } from './onednn/bfloat16.ts'
import { selectBackend } from './select.ts'
import type { Backend, BackendName, Dtype } from './types.ts'

/**
 * Starts a backend (`select.ts`) whose weights have a format.
 * @param backend default: PATCHLIGHT_BACKEND, else `auto`
 * @param dtype default: PATCHLIGHT_DTYPE, else `auto`
 * @throws BackendError if one is unknown or unusable, or if they do not go together
 */
export async function startBackend(backend?: BackendName | 'auto', dtype?: Dtype | 'auto'): Promise<Backend> {
  if (chosenDtype(dtype) === 'f32') return selectBackend(backend)
  const asked = backend ?? process.env.PATCHLIGHT_BACKEND ?? ''
  // Nobody asked for another: what was asked for is what only this one has.
  const chosen = await selectBackend(asked === '' || asked === 'auto' ? 'blas' : backend)
  if (chosen.name !== 'blas') {
    throw new BackendError(
      `--dtype bf16: expected the blas backend, which alone keeps weights as bfloat16, got ${chosen.name}; ` +
        'use --backend blas, or --dtype f32',
    )
  }
  started ??= createBfloat16Backend(chosen)
  try {
    return await started
  } catch (error) {
    started = undefined
    throw error
  }
}

let started: Promise<Backend> | undefined
