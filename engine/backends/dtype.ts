/**
 * In which number format weights are kept and multiplied: the caller's choice, else PATCHLIGHT_DTYPE's,
 * else float32. `auto` is float32 wherever it runs: bfloat16 moves every effect by about what a product's
 * rounding is, which a researcher should have asked for, and it is faster only with a matrix unit.
 */
import { BackendError } from '../errors.ts'
import { createBfloat16Backend } from './onednn/bfloat16.ts'
import { selectBackend } from './select.ts'
import { type Backend, type BackendName, DTYPES, type Dtype } from './types.ts'

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

/** The caller's choice, else PATCHLIGHT_DTYPE's, else float32. @throws BackendError for another word */
export function chosenDtype(dtype: Dtype | 'auto' | undefined): Dtype {
  const wanted = dtype ?? process.env.PATCHLIGHT_DTYPE ?? 'auto'
  if (wanted === '' || wanted === 'auto') return 'f32'
  const found = DTYPES.find(candidate => candidate === wanted)
  if (found !== undefined) return found
  throw new BackendError(`dtype: expected auto, ${DTYPES.join(', ')}, got '${wanted}'`)
}
