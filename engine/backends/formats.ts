/**
 * What this machine offers for each number format of weights, in words and measured, and which one
 * computes when nobody asks for another.
 */
import { BackendError } from '../errors.ts'
import { chosenDtype } from './chosen-dtype.ts'
import { startBackend } from './dtype.ts'
import { measureRate } from './measure.ts'
import { findBfloat16, isaLimit } from './onednn/bfloat16.ts'
import { type Bfloat16Features, bfloat16Features } from './processor.ts'
import { DTYPES, type Dtype } from './types.ts'

export interface FormatReport {
  readonly name: Dtype
  readonly usable: boolean
  /** Whether weights are kept in it here, unless a command says otherwise. */
  readonly chosen: boolean
  /** What it is and what computes it, or why it is not usable. */
  readonly detail: string
  /** Rates of products with a weight of 1,024 × 4,096, by their rows; where the formats can be compared. */
  readonly rates?: readonly { readonly rows: number; readonly gflops: number }[]
}

/** One token, a short prompt, a slice of a sweep. */
const REPORTED_ROWS = [1, 16, 128] as const
/** More than a core's own cache holds, so that the smaller format shows where memory is the limit. */
const REPORTED_SIZE = [1024, 4096] as const

/** Takes less than a second where the formats can be compared, and next to nothing elsewhere. */
export async function detectFormats(): Promise<FormatReport[]> {
  const chosen = chosenDtype()
  const bfloat16 = describeBfloat16()
  const reports: FormatReport[] = []
  for (const name of DTYPES) {
    const { usable, detail } = name === 'f32' ? { usable: true, detail: FLOAT32 } : bfloat16
    reports.push({
      name,
      usable,
      chosen: usable && name === chosen,
      detail,
      ...(bfloat16.usable ? { rates: await ratesIn(name) } : {}),
    })
  }
  return reports
}

const FLOAT32 =
  'float32. What `--dtype auto` takes on every machine: bfloat16 moves every effect a little, ' +
  'so it computes only where you ask for it.'

/** Why bfloat16 is, or is not, to be had here. */
function describeBfloat16(): Pick<FormatReport, 'usable' | 'detail'> {
  try {
    const { bfloat16, version } = findBfloat16()
    const by = bfloat16 === 'matrix unit' ? MATRIX_UNIT : instructionsOnly(version, bfloat16Features())
    return { usable: true, detail: `bfloat16: weights of two or three digits in half the memory. ${by}` }
  } catch (error) {
    if (!(error instanceof BackendError)) throw error
    return { usable: false, detail: error.message }
  }
}

const MATRIX_UNIT = 'The processor multiplies it in a matrix unit (AMX).'

/**
 * For a processor whose matrix unit is not used, or is not there.
 * @param version oneDNN's, `[major, minor]`
 */
export function instructionsOnly(
  version: readonly [number, number],
  features: Bfloat16Features | undefined,
  limit = isaLimit(),
): string {
  const has = 'The processor multiplies it by instructions of its own (AVX-512 BF16)'
  if (features?.matrixUnit !== true)
    return `${has}: faster for few rows, as in generation, but not in sweeps. Those need a matrix unit (AMX), and none is offered here.`
  const [major, minor] = version
  const why =
    limit !== undefined
      ? `${limit} keeps oneDNN from it; unset that variable`
      : major < 2 || (major === 2 && minor < 5)
        ? `oneDNN ${major}.${minor} does not ask Linux for it; install 2.5 or later`
        : 'Linux does not give it to this process: the kernel is older than 5.16, or a sandbox forbids it'
  return `${has}. It has a matrix unit too (AMX), made for sweeps, which is not used: ${why}.`
}

async function ratesIn(dtype: Dtype) {
  const backend = await startBackend('blas', dtype)
  return REPORTED_ROWS.map(rows => ({ rows, gflops: measureRate(backend, { rows, size: REPORTED_SIZE, minMs: 40 }) }))
}
