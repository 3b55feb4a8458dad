/**
 * The tfjs wasm backend in Node, and its heap: where tensors of the `wasm` and the `blas` backend
 * live. Both reach below the op level here, and only here: a tensor's values are a window on the
 * heap, and a product writes straight into a new tensor.
 *
 * Two traps of tfjs 4.22 are closed in this file. A full heap makes `malloc` answer 0, and tfjs
 * would go on and write over whatever lies there: here it throws. And tfjs keeps a packed copy of
 * the right-hand matrix of a product under the number of its data, which outlives changed values
 * and is taken for the same data in another shape: here it is forgotten after every product.
 */
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { type BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { BackendError, internalError } from '../errors.ts'

const BYTES_PER_FLOAT = 4
/** Addresses have 32 bits. */
const HEAP_END_BYTES = 2 ** 32

/** What we use of the compiled module below tfjs's ops; the package's types leave it out. */
interface WasmModule {
  readonly HEAPU8: Uint8Array<ArrayBuffer>
  /** A signed address: `>>> 0` it. */
  _malloc(bytes: number): number
  _free(address: number): void
  cwrap(name: string, returns: null, takes: readonly string[]): (...values: (number | Uint8Array)[]) => void
  readonly tfjs: BackendWasm['wasm']['tfjs']
}

export interface WasmRuntime {
  /** A new float32 tensor of undefined values, tracked by `tf.tidy`. */
  output(shape: number[]): tf.Tensor
  /** A new float32 tensor of the values that `write` fills in. */
  create(shape: number[], write: (values: Float32Array) => void): tf.Tensor
  /** The values of a float32 tensor, on the heap: valid until the heap grows. */
  view(x: tf.Tensor): Float32Array
  /** Changes values in place; in a copy where another tensor shares them (a clone or a reshape). */
  edit<T extends tf.Tensor>(x: T, change: (values: Float32Array) => void): T
  /** Bytes of the heap now; it grows to 4 GB and never shrinks. */
  heapBytes(): number
  readonly backend: BackendWasm
  readonly module: WasmModule
}

let started: Promise<WasmRuntime> | undefined

/** The one wasm runtime of this process; makes it tfjs's active backend. */
export async function wasmRuntime(): Promise<WasmRuntime> {
  started ??= start()
  const runtime = await started
  if (tf.getBackend() !== 'wasm') await tf.setBackend('wasm')
  return runtime
}

async function start(): Promise<WasmRuntime> {
  const require = createRequire(import.meta.url)
  const home = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))
  setWasmPaths(join(home, 'wasm-out') + sep)
  if (!(await withoutListeners(() => tf.setBackend('wasm')))) {
    throw new BackendError('wasm: expected @tensorflow/tfjs-backend-wasm to start, it did not; run `npm ci` again')
  }
  const backend = tf.backend()
  if (!isWasm(backend)) throw internalError('tfjs reports a wasm backend without a wasm module')
  const module: object = backend.wasm
  if (!isModule(module)) throw internalError('tfjs reports a wasm backend without a heap')
  guardMemory(module)
  for (const kernel of ['BatchMatMul', '_FusedMatMul']) forgetAfter(kernel, forgetter(backend, module))
  return { backend, module, ...tensorsOf(backend, module) }
}

const CRASH_EVENTS = ['uncaughtException', 'unhandledRejection'] as const

/**
 * Starts the compiled module, and takes away the listeners that it puts on the process: they throw
 * whatever nobody caught once more, from inside 80 kB of minified code that Node then prints.
 */
async function withoutListeners<T>(start: () => Promise<T>): Promise<T> {
  const before = CRASH_EVENTS.map(event => new Set<unknown>(process.rawListeners(event)))
  try {
    return await start()
  } finally {
    for (const [index, event] of CRASH_EVENTS.entries()) {
      for (const listener of process.rawListeners(event)) {
        if (before[index]?.has(listener) === false) process.removeListener(event, listener as () => void)
      }
    }
  }
}

function isWasm(backend: object): backend is BackendWasm {
  return 'wasm' in backend && 'typedArrayFromHeap' in backend
}

function isModule(module: object): module is WasmModule {
  return '_malloc' in module && '_free' in module && 'cwrap' in module && 'HEAPU8' in module
}

/** Makes a full heap an error instead of tensors at address 0. */
function guardMemory(module: WasmModule): void {
  // The first call replaces the function by the compiled one, which would undo what is set here.
  module._free(module._malloc(1))
  const malloc = module._malloc
  module._malloc = bytes => {
    // What exceeds an address would wrap around to a small number of bytes.
    const address = bytes < HEAP_END_BYTES ? malloc(bytes) : 0
    if (address === 0 && bytes > 0) {
      throw new BackendError(
        `wasm: expected ${bytes} bytes of tensor memory, got none (the heap ends at 4 GB); use fewer rows at once`,
      )
    }
    return address
  }
}

type Forget = (x: tf.TensorInfo) => void

/** Drops what was packed from a tensor's data. */
function forgetter(backend: BackendWasm, module: WasmModule): Forget {
  return ({ dataId, shape }) => {
    const { id, memoryOffset } = backend.dataIdMap.get(dataId)
    module.tfjs.disposeData(id)
    module.tfjs.registerTensor(id, tf.util.sizeFromShape(shape), memoryOffset)
  }
}

/** Makes a tfjs product forget its right-hand matrix. */
function forgetAfter(name: string, forget: Forget): void {
  const kernel = tf.getKernel(name, 'wasm')
  tf.unregisterKernel(name, 'wasm')
  tf.registerKernel({
    ...kernel,
    kernelFunc(call) {
      const out = kernel.kernelFunc(call)
      if (call.inputs.b !== undefined) forget(call.inputs.b)
      return out
    },
  })
}

function tensorsOf(backend: BackendWasm, module: WasmModule): Omit<WasmRuntime, 'backend' | 'module'> {
  function output(shape: number[]): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(backend.makeOutput(shape, 'float32'), backend)
  }

  function view(x: tf.Tensor): Float32Array {
    if (x.dtype !== 'float32') throw internalError(`view: expected a float32 tensor, got ${x.dtype}`)
    const values = backend.typedArrayFromHeap(x)
    if (!(values instanceof Float32Array)) throw internalError('view: the heap gave no float32 window')
    return values
  }

  function edit<T extends tf.Tensor>(x: T, change: (values: Float32Array) => void): T {
    if (backend.refCount(x.dataId) > 1) {
      const copy = output(x.shape)
      const values = view(copy)
      values.set(view(x))
      change(values)
      return copy as T
    }
    change(view(x))
    return x
  }

  function create(shape: number[], write: (values: Float32Array) => void): tf.Tensor {
    const made = output(shape)
    write(view(made))
    return made
  }

  return { output, create, view, edit, heapBytes: () => module.HEAPU8.buffer.byteLength }
}

/** Bytes of a float32 matrix. */
export function matrixBytes(rows: number, columns: number): number {
  return rows * columns * BYTES_PER_FLOAT
}
