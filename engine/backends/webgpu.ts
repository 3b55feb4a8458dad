/**
 * The `webgpu` backend: `@tensorflow/tfjs-backend-webgpu` on the `webgpu` package, which is Dawn,
 * Chrome's implementation, for Node. An adapter that only imitates a GPU is refused: the native
 * libraries beat it.
 */
import * as tf from '@tensorflow/tfjs-core'
import { BackendError } from '../errors.ts'
import { firstLine, importOptional, isInstalled } from './optional.ts'
import type { Backend } from './types.ts'
import { expectWorking, uploadingBackend } from './uploading.ts'

const DAWN = 'webgpu'
const TFJS = '@tensorflow/tfjs-backend-webgpu'

export const WEBGPU_ADVICE = `run \`npm i ${DAWN} ${TFJS}\` on a machine with a GPU and its driver`

/** What we use of WebGPU's adapter; `info` differs between versions of the standard. */
interface Adapter {
  readonly isFallbackAdapter?: boolean
  readonly info?: { readonly vendor?: string; readonly architecture?: string; readonly description?: string }
}

interface Gpu {
  requestAdapter(): Promise<Adapter | null>
}

/** Names of adapters that compute on the processor. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|warp|basic render/i

export function webgpuInstalled(): boolean {
  return isInstalled(DAWN) && isInstalled(TFJS)
}

/**
 * Loads both packages and makes WebGPU tfjs's active backend.
 * @throws BackendError if a package is absent or does not load, there is no hardware adapter, or results cannot be read.
 */
export async function createWebgpuBackend(): Promise<Backend> {
  const missing = [DAWN, TFJS].filter(name => !isInstalled(name))
  if (missing.length > 0) {
    throw new BackendError(`webgpu: expected ${DAWN} and ${TFJS}, got no ${missing.join(' and no ')}; ${WEBGPU_ADVICE}`)
  }
  let gpu: Gpu
  try {
    gpu = await startDawn()
  } catch (error) {
    throw new BackendError(`webgpu: expected ${DAWN} to load, got ${firstLine(error)}; ${WEBGPU_ADVICE}`)
  }
  const adapter = await gpu.requestAdapter()
  const description = adapter === null ? 'no adapter' : describe(adapter)
  if (adapter === null || adapter.isFallbackAdapter === true || SOFTWARE.test(description)) {
    throw new BackendError(`webgpu: expected a hardware adapter, got ${description}; ${WEBGPU_ADVICE}`)
  }
  await importOptional(TFJS)
  if (!(await tf.setBackend('webgpu'))) {
    throw new BackendError(`webgpu: expected ${TFJS} to start on ${description}, it did not`)
  }
  const backend = uploadingBackend('webgpu', `Dawn (${description})`)
  expectWorking(backend)
  return backend
}

/** Gives the process what a browser has: WebGPU's globals and `navigator.gpu`. */
async function startDawn(): Promise<Gpu> {
  const { create, globals } = await importOptional(DAWN)
  if (typeof create !== 'function') throw new Error('no `create`')
  const gpu: unknown = create([])
  if (!isGpu(gpu)) throw new Error('no `requestAdapter`')
  Object.assign(globalThis, globals)
  if (!('navigator' in globalThis)) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true })
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true })
  return gpu
}

function isGpu(value: unknown): value is Gpu {
  return typeof value === 'object' && value !== null && 'requestAdapter' in value
}

function describe(adapter: Adapter): string {
  const { vendor, architecture, description } = adapter.info ?? {}
  return (
    [vendor, architecture, description].filter(part => part !== undefined && part !== '').join(' ') || 'unnamed adapter'
  )
}
