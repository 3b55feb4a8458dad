/**
 * The `tensorflow` backend: the TensorFlow C library through `@tensorflow/tfjs-node-gpu`, else
 * `@tensorflow/tfjs-node`. Their installers download that library; where that failed the package
 * is absent, or present without it, and the reason says so. A package without its library is never
 * imported: it would register its kernels and only then fail.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import util from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { BackendError } from '../errors.ts'
import { firstNvidiaGpu, type NvidiaGpu } from './nvidia.ts'
import { firstLine, importOptional, packageFolder } from './optional.ts'
import { catchExhaustion, isTensorflow } from './tensorflow-errors.ts'
import type { Backend } from './types.ts'
import { expectWorking, uploadingBackend } from './uploading.ts'

export const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const

export const TENSORFLOW_ADVICE = 'run `npm i @tensorflow/tfjs-node-gpu` (CUDA) or `npm i @tensorflow/tfjs-node`'

/** What weights may take of free memory; activations, and TensorFlow's own work space, need the rest. */
const GPU_WEIGHT_SHARE = 0.7
/** On the processor an uploaded weight is a second copy beside the one it was uploaded from. */
const HOST_WEIGHT_SHARE = 0.6
/** Assumed of a GPU whose driver tool does not answer. */
const UNKNOWN_GPU_BYTES = 4e9

export function tensorflowInstalled(): boolean {
  return TENSORFLOW_PACKAGES.some(name => hasAddon(packageFolder(name)))
}

/**
 * Loads the first package that works and makes it tfjs's active backend.
 * @throws BackendError if none is installed or loads.
 */
export async function createTensorflowBackend(): Promise<Backend> {
  const refusals: string[] = []
  for (const name of TENSORFLOW_PACKAGES) {
    const folder = packageFolder(name)
    if (folder === undefined) continue
    if (!hasAddon(folder)) {
      refusals.push(`${name} is installed without its native library, which its installer could not download`)
      continue
    }
    try {
      return await load(name)
    } catch (error) {
      refusals.push(`${name} does not load: ${firstLine(error)}`)
    }
  }
  const got = refusals.length === 0 ? 'neither is installed' : refusals.join('; ')
  throw new BackendError(
    `tensorflow: expected @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node, got ${got}; ${TENSORFLOW_ADVICE}`,
  )
}

/** Whether the compiled part of a package is there; it lies in a folder for each version of Node's interface. */
function hasAddon(folder: string | undefined): boolean {
  if (folder === undefined) return false
  try {
    return readdirSync(join(folder, 'lib'), { recursive: true }).some(file => String(file).endsWith('.node'))
  } catch {
    return false
  }
}

async function load(name: string): Promise<Backend> {
  // What tfjs-node 4.22 still calls: Node 22 warns of it, and Node 23 removed the first.
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  })
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  // Ampere and later GPUs would round float32 products to ten bits of mantissa: numbers unlike anybody else's.
  process.env.NVIDIA_TF32_OVERRIDE ??= '0'
  // CUDA counts the fastest GPU first unless told to count as the driver's tool does.
  process.env.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID'
  const gpu = name.endsWith('-gpu') ? firstNvidiaGpu() : undefined
  await importQuietly(name)
  if (!(await tf.setBackend('tensorflow'))) throw new Error('its backend does not start')
  const native = tf.backend()
  if (!isTensorflow(native)) throw new Error('it registers a backend without TensorFlow in it')
  catchExhaustion(native)
  const onGpu = native.binding.isUsingGpuDevice()
  const library = `TensorFlow ${native.binding.TF_Version} (${name}) on ${device(onGpu, gpu, name)}`
  const backend = uploadingBackend('tensorflow', library, {
    weightBudgetBytes: () =>
      onGpu ? (gpu?.freeBytes ?? UNKNOWN_GPU_BYTES) * GPU_WEIGHT_SHARE : process.availableMemory() * HOST_WEIGHT_SHARE,
  })
  expectWorking(backend)
  return backend
}

/** tfjs warns of every kernel that is registered twice, as they are where the first package failed. */
async function importQuietly(name: string): Promise<void> {
  const before = tf.env().getBool('PROD')
  tf.env().set('PROD', true)
  try {
    await importOptional(name)
  } finally {
    tf.env().set('PROD', before)
  }
}

function device(onGpu: boolean, gpu: NvidiaGpu | undefined, name: string): string {
  if (onGpu && gpu !== undefined) return `${gpu.name}, ${Math.round(gpu.totalBytes / 2 ** 30)} GiB`
  if (onGpu) return 'a GPU whose driver tool (nvidia-smi) does not answer'
  if (!name.endsWith('-gpu')) return 'the processor'
  if (gpu === undefined) return 'the processor, for no GPU was found'
  return `the processor, for it cannot use the ${gpu.name}: TensorFlow needs CUDA 11 and cuDNN 8 beside the driver`
}
