/**
 * Native matrix-product libraries: which there are, where they are looked for, and how each is
 * called. A library is believed only after it multiplied a small matrix right: a wrong guess of
 * its integer width, or a broken build, must not become a wrong number.
 */
import koffi from 'koffi'
import { BackendError } from '../errors.ts'
import { keepLoaded } from './keep-loaded.ts'

/** Where rows begin, and what becomes of C; dense matrices and C overwritten unless said. */
interface SgemmLayout {
  /** Numbers from one row of A, B or C to the next. */
  readonly lda: number
  readonly ldb: number
  readonly ldc: number
  /** C = alpha · A · B + beta · C */
  readonly alpha: number
  readonly beta: number
}

/**
 * C = A · B, row-major. A is [m, k]; B is [k, n], or [n, k] with `transposeB`.
 * Sizes are checked by nobody below: the arrays must hold them.
 */
type Sgemm = (
  transposeB: boolean,
  m: number,
  n: number,
  k: number,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  layout?: SgemmLayout,
) => void

export interface BlasLibrary {
  /** For people: `oneDNN 2.6.3 (libdnnl.so.2)`. */
  readonly name: string
  readonly sgemm: Sgemm
  /** For what else a library offers. */
  readonly library: Handle
}

type Handle = ReturnType<typeof koffi.load>

interface Kind {
  readonly title: string
  /** Names to try, by platform; the loader searches its usual places. */
  readonly files: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>>
  /** The package that brings it, for advice. */
  readonly open: (library: Handle) => { readonly sgemm: Sgemm; readonly version: string }
}

/** Best first: oneDNN and MKL know today's processors, OpenBLAS is everywhere, Accelerate is macOS's own. */
const KINDS: readonly Kind[] = [
  {
    title: 'oneDNN',
    files: {
      linux: ['libdnnl.so.3', 'libdnnl.so.2', 'libdnnl.so'],
      darwin: ['libdnnl.3.dylib', 'libdnnl.2.dylib', 'libdnnl.dylib', '/opt/homebrew/lib/libdnnl.dylib'],
      win32: ['dnnl.dll'],
    },
    open: openOneDnn,
  },
  {
    title: 'MKL',
    files: {
      linux: ['libmkl_rt.so.2', 'libmkl_rt.so.1', 'libmkl_rt.so'],
      darwin: ['libmkl_rt.2.dylib', 'libmkl_rt.dylib'],
      win32: ['mkl_rt.2.dll', 'mkl_rt.dll'],
    },
    open: library => openCblas(library, 'cblas_sgemm', 'int32_t'),
  },
  {
    title: 'OpenBLAS',
    files: {
      linux: ['libopenblas.so.0', 'libopenblas.so'],
      darwin: ['libopenblas.dylib', '/opt/homebrew/opt/openblas/lib/libopenblas.dylib'],
      win32: ['libopenblas.dll', 'openblas.dll'],
    },
    open: library => openCblas(library, 'cblas_sgemm', 'int32_t'),
  },
  {
    title: 'OpenBLAS (64-bit sizes)',
    files: {
      linux: ['libopenblas64.so.0', 'libopenblas64_.so.0', 'libopenblas64.so'],
      darwin: ['libopenblas64_.dylib'],
      win32: ['libopenblas64_.dll'],
    },
    open: library =>
      openCblas(library, hasSymbol(library, 'cblas_sgemm64_') ? 'cblas_sgemm64_' : 'cblas_sgemm', 'int64_t'),
  },
  {
    title: 'Accelerate',
    files: { darwin: ['/System/Library/Frameworks/Accelerate.framework/Accelerate'] },
    open: library => openCblas(library, 'cblas_sgemm', 'int32_t'),
  },
]

/** What to install, in one sentence for the platform at hand. */
export function blasAdvice(platform: NodeJS.Platform = process.platform): string {
  const how: Partial<Record<NodeJS.Platform, string>> = {
    linux:
      'install oneDNN (Debian 12: `apt install libdnnl2`; Debian 13, Ubuntu: `apt install libdnnl3`; Fedora: `dnf install onednn`)',
    darwin: 'Accelerate is part of macOS; `brew install onednn` adds another',
    win32: 'put oneDNN’s dnnl.dll or libopenblas.dll on the PATH',
  }
  return `${how[platform] ?? 'install oneDNN or OpenBLAS'}, or name a library in PATCHLIGHT_BLAS_LIBRARY`
}

let found: BlasLibrary | { readonly reason: string } | undefined

/**
 * The best library of this machine; looked for once a process.
 * @throws BackendError if there is none, saying what to install; or if PATCHLIGHT_BLAS_LIBRARY names an unusable file.
 */
export function findBlas(): BlasLibrary {
  found ??= search()
  if ('reason' in found) throw new BackendError(found.reason)
  return found
}

function search(): BlasLibrary | { readonly reason: string } {
  const named = process.env.PATCHLIGHT_BLAS_LIBRARY
  const refusals: string[] = []
  if (named !== undefined && named !== '') {
    const library = openNamed(named, refusals)
    return (
      library ?? {
        reason:
          'blas: expected a oneDNN, MKL, OpenBLAS or Accelerate library in PATCHLIGHT_BLAS_LIBRARY, ' +
          `got ${named}${refusals.map(refusal => `; ${refusal}`).join('')}`,
      }
    )
  }
  for (const kind of KINDS) {
    for (const file of kind.files[process.platform] ?? []) {
      const handle = load(file)
      if (handle === undefined) continue
      const library = tryOpen(kind, handle, file, refusals)
      if (library !== undefined) return library
    }
  }
  const refused = refusals.length === 0 ? '' : ` (${refusals.join('; ')})`
  return { reason: `blas: expected a matrix-product library, got none${refused}; ${blasAdvice()}` }
}

/** A file of unknown kind is what its symbols say. */
function openNamed(file: string, refusals: string[]): BlasLibrary | undefined {
  let handle: Handle
  try {
    handle = koffi.load(file)
  } catch (error) {
    refusals.push(messageOf(error))
    return undefined
  }
  const title = hasSymbol(handle, 'dnnl_sgemm')
    ? 'oneDNN'
    : hasSymbol(handle, 'mkl_get_version')
      ? 'MKL'
      : hasSymbol(handle, 'cblas_sgemm64_')
        ? 'OpenBLAS (64-bit sizes)'
        : hasSymbol(handle, 'openblas_get_config')
          ? 'OpenBLAS'
          : 'Accelerate'
  const kind = KINDS.find(candidate => candidate.title === title)
  return kind === undefined ? undefined : tryOpen(kind, handle, file, refusals)
}

function load(file: string): Handle | undefined {
  try {
    return koffi.load(file)
  } catch {
    return undefined
  }
}

function tryOpen(kind: Kind, handle: Handle, file: string, refusals: string[]): BlasLibrary | undefined {
  try {
    // Before its first call, which starts threads of its own: also one that is refused must stay then.
    keepLoaded(file)
    const { sgemm, version } = kind.open(handle)
    const wrong = checkProduct(sgemm)
    const name = `${kind.title}${version === '' ? '' : ` ${version}`} (${file})`
    if (wrong === undefined) return { name, sgemm, library: handle }
    refusals.push(`${file}: ${wrong}`)
  } catch (error) {
    refusals.push(`${file}: ${messageOf(error)}`)
  }
  return undefined
}

/** Rows one after another, C overwritten. */
function dense(transposeB: boolean, n: number, k: number): SgemmLayout {
  return { lda: k, ldb: transposeB ? k : n, ldc: n, alpha: 1, beta: 0 }
}

function openOneDnn(library: Handle): { sgemm: Sgemm; version: string } {
  const call = library.func('dnnl_sgemm', 'int', [
    'char',
    'char',
    'int64_t',
    'int64_t',
    'int64_t',
    'float',
    'void *',
    'int64_t',
    'void *',
    'int64_t',
    'float',
    'void *',
    'int64_t',
  ])
  const N = 'N'.charCodeAt(0)
  const T = 'T'.charCodeAt(0)
  return {
    version: oneDnnVersion(library),
    sgemm(transposeB, m, n, k, a, b, c, layout) {
      const { lda, ldb, ldc, alpha, beta } = layout ?? dense(transposeB, n, k)
      const status: unknown = call(N, transposeB ? T : N, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
      if (status !== 0) {
        throw new BackendError(`blas: expected oneDNN to multiply ${m}×${k} by ${k}×${n}, got its status ${status}`)
      }
    },
  }
}

function oneDnnVersion(library: Handle): string {
  const numbers: unknown = koffi.decode(library.func('dnnl_version', 'void *', [])(), 'int', 3)
  return numbers instanceof Int32Array ? numbers.join('.') : ''
}

function openCblas(library: Handle, symbol: string, integer: 'int32_t' | 'int64_t'): { sgemm: Sgemm; version: string } {
  const call = library.func(symbol, 'void', [
    'int',
    'int',
    'int',
    integer,
    integer,
    integer,
    'float',
    'void *',
    integer,
    'void *',
    integer,
    'float',
    'void *',
    integer,
  ])
  const rowMajor = 101
  const plain = 111
  const transposed = 112
  return {
    version: openBlasVersion(library),
    sgemm(transposeB, m, n, k, a, b, c, layout) {
      const { lda, ldb, ldc, alpha, beta } = layout ?? dense(transposeB, n, k)
      call(rowMajor, plain, transposeB ? transposed : plain, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
    },
  }
}

/** `0.3.21` from `OpenBLAS 0.3.21 NO_AFFINITY …`; MKL and Accelerate do not say. */
function openBlasVersion(library: Handle): string {
  if (!hasSymbol(library, 'openblas_get_config')) return ''
  const config: unknown = library.func('openblas_get_config', 'str', [])()
  return typeof config === 'string' ? (config.match(/\d+(\.\d+)+/)?.[0] ?? '') : ''
}

function hasSymbol(library: Handle, name: string): boolean {
  try {
    library.func(name, 'void', [])
    return true
  } catch {
    return false
  }
}

/** Multiplies matrices of small whole numbers, which float32 holds exactly; says what is wrong. */
function checkProduct(sgemm: Sgemm): string | undefined {
  const [m, k, n] = [5, 19, 11]
  const a = Float32Array.from({ length: m * k }, (_, i) => ((i * 7) % 13) - 6)
  const b = Float32Array.from({ length: k * n }, (_, i) => ((i * 5) % 11) - 5)
  for (const transposeB of [false, true]) {
    // What was there before must not shine through.
    const c = new Float32Array(m * n).fill(Number.NaN)
    sgemm(transposeB, m, n, k, a, b, c)
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0
        for (let i = 0; i < k; i++) {
          sum += (a[row * k + i] ?? 0) * (b[transposeB ? column * k + i : i * n + column] ?? 0)
        }
        if (c[row * n + column] !== sum) return `expected ${sum} in a test product, got ${c[row * n + column]}`
      }
    }
  }
  return undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
