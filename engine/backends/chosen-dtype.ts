/**
 * In which number format weights are kept and multiplied: the caller's choice, else PATCHLIGHT_DTYPE's,
 * else float32. `auto` is float32 wherever it runs: bfloat16 moves every effect by about what a product's
 * rounding is, which a researcher should have asked for, and it is faster only with a matrix unit.
 */
import { BackendError } from '../errors.ts'
import { DTYPES, type Dtype } from './types.ts'

/** @throws BackendError for another word */
export function chosenDtype(dtype?: string): Dtype {
  const wanted = dtype ?? process.env.PATCHLIGHT_DTYPE ?? 'auto'
  if (wanted === '' || wanted === 'auto') return 'f32'
  const found = DTYPES.find(candidate => candidate === wanted)
  if (found !== undefined) return found
  const where = dtype === undefined ? 'PATCHLIGHT_DTYPE' : 'dtype'
  throw new BackendError(`${where}: expected auto, ${DTYPES.join(', ')}, got '${wanted}'`)
}
