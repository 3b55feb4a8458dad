/**
 * TensorFlow's refusals in our words. Below tfjs's ops, what the library says arrives as an `Error`
 * with a status number in its text; memory that it could not have is told as what it is.
 */
import { BackendError, internalError } from '../errors.ts'

/** What we use of tfjs-node's compiled part. */
interface TensorflowBinding {
  readonly TF_Version: string
  isUsingGpuDevice(): boolean
  executeOp(...call: readonly unknown[]): unknown
}

/** tfjs-node's backend: every op goes through its binding. */
export interface TensorflowBackend {
  binding: TensorflowBinding
}

/** `TF_RESOURCE_EXHAUSTED` of TensorFlow's C interface. */
const EXHAUSTED = /^Invalid TF_Status: 8\b/
/** `OOM when allocating tensor with shape[3,4] and type float on …/device:GPU:0 by allocator …` */
const OUT_OF_MEMORY = /shape\[([\d,]*)\].*device:([A-Z]+)/s

export function isTensorflow(backend: object): backend is TensorflowBackend {
  if (!('binding' in backend) || typeof backend.binding !== 'object' || backend.binding === null) return false
  return 'executeOp' in backend.binding && 'isUsingGpuDevice' in backend.binding && 'TF_Version' in backend.binding
}

/** Makes ops that TensorFlow has no memory for throw a BackendError. */
export function catchExhaustion(backend: TensorflowBackend): void {
  const native = backend.binding
  const executeOp = native.executeOp
  if (typeof executeOp !== 'function') throw internalError('tensorflow: its binding executes no op')
  const value = (...call: readonly unknown[]): unknown => {
    try {
      return executeOp(...call)
    } catch (error) {
      throw inOurWords(error)
    }
  }
  // The compiled object's own members are read-only: one that inherits from it takes its place.
  backend.binding = Object.create(native, { executeOp: { value } })
}

function inOurWords(error: unknown): unknown {
  if (!(error instanceof Error) || !EXHAUSTED.test(error.message)) return error
  const [, shape, device] = OUT_OF_MEMORY.exec(error.message) ?? []
  const what = shape === undefined ? 'a tensor' : `a tensor [${shape.replaceAll(',', ', ')}]`
  const where = device === 'GPU' ? "the GPU's memory" : 'memory'
  return new BackendError(
    `tensorflow: expected room for ${what} in ${where}, got none; ` +
      'close other programs that use it, use fewer rows at once, or choose another backend with --backend',
  )
}
