/**
 * The `webgpu` backend: `@tensorflow/tfjs-backend-webgpu` on the `webgpu` package, which is Dawn,
 * Chrome's implementation, for Node. An adapter that only imitates a GPU is refused unless it was
 * asked for (PATCHLIGHT_WEBGPU_SOFTWARE): the native libraries beat it, but it can check results.
 */
import * as tf from '@tensorflow/tfjs-core'
import { BackendError } from '../errors.ts'
import { DAWN, learningEvents, startDawn } from './dawn.ts'
import { firstNvidiaGpu } from './nvidia.ts'
import { firstLine, importOptional, isInstalled } from './optional.ts'
import { expectVulkanLoader, provideSoftwareDriver, SOFTWARE_SWITCH, softwareAsked } from './software-vulkan.ts'
import type { Backend } from './types.ts'
import { expectWorking, uploadingBackend } from './uploading.ts'
import { DeviceHealth, readSynchronously } from './webgpu-read.ts'
import { type Adapter, type Device, type Gpu, isTfjsWebgpu, LIMITS } from './webgpu-types.ts'

const TFJS = '@tensorflow/tfjs-backend-webgpu'

export const WEBGPU_PACKAGES = [DAWN, TFJS] as const
export const WEBGPU_ADVICE = `run \`npm i ${DAWN} ${TFJS}\` on a machine with a GPU and its driver`

/** GB of the device's memory that weights may take; what does not fit is uploaded as a pass goes through it. */
const MEMORY_SWITCH = 'PATCHLIGHT_WEBGPU_WEIGHTS_GB'
/** The rest is for activations, and for buffers that are kept for the next of their size. */
const GPU_WEIGHT_SHARE = 0.7
const HOST_WEIGHT_SHARE = 0.4

/** Names of adapters that compute on the processor. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|warp|basic render/i

/** Whether it is worth trying when nobody asked for it: never on software. */
export function webgpuPresent(): boolean {
  return isInstalled(DAWN) && isInstalled(TFJS) && !softwareAsked()
}

/**
 * Loads both packages and makes WebGPU tfjs's active backend.
 * @throws BackendError if a package is absent or does not load, there is no adapter, or results cannot be read.
 */
export async function createWebgpuBackend(): Promise<Backend> {
  const missing = [DAWN, TFJS].filter(name => !isInstalled(name))
  if (missing.length > 0) {
    throw new BackendError(`webgpu: expected ${DAWN} and ${TFJS}, got no ${missing.join(' and no ')}; ${WEBGPU_ADVICE}`)
  }
  if (softwareAsked()) provideSoftwareDriver()
  expectVulkanLoader()
  let gpu: Gpu
  try {
    gpu = await startDawn()
  } catch (error) {
    throw new BackendError(`webgpu: expected ${DAWN} to load, got ${firstLine(error)}; ${WEBGPU_ADVICE}`)
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  const description = adapter === null ? 'no adapter' : describe(adapter)
  if (adapter === null || (isSoftware(adapter, description) && !softwareAsked())) {
    const instead = adapter === null ? '' : `, or set ${SOFTWARE_SWITCH}=1 to compute on it all the same, slowly`
    throw new BackendError(`webgpu: expected a hardware adapter, got ${description}; ${WEBGPU_ADVICE}${instead}`)
  }
  const device = await openDevice(adapter)
  const health = new DeviceHealth(device)
  await startTfjs(device, adapter, health, description)
  const backend = uploadingBackend('webgpu', `Dawn (${description})`, {
    weightBudgetBytes: () => weightBudget(isSoftware(adapter, description)),
    maxTensorBytes: Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize),
  })
  expectWorking(backend)
  return backend
}

/**
 * Bytes of the device's memory for weights. WebGPU does not tell how much there is: NVIDIA's driver does,
 * and what computes in the machine's own memory shares it with everyone.
 */
function weightBudget(software: boolean): number {
  const asked = process.env[MEMORY_SWITCH]
  if (asked !== undefined && asked !== '') {
    const gigabytes = Number(asked)
    if (!(gigabytes > 0))
      throw new BackendError(`${MEMORY_SWITCH}: expected gigabytes for weights on the device, got '${asked}'`)
    return gigabytes * 1e9
  }
  const gpu = software ? undefined : firstNvidiaGpu()
  return gpu === undefined ? process.availableMemory() * HOST_WEIGHT_SHARE : gpu.freeBytes * GPU_WEIGHT_SHARE
}

/** A device with all that the adapter can do. */
function openDevice(adapter: Adapter): Promise<Device> {
  const requiredLimits = Object.fromEntries(LIMITS.map(name => [name, adapter.limits[name]]))
  return learningEvents(() => adapter.requestDevice({ requiredLimits }))
}

async function startTfjs(device: Device, adapter: Adapter, health: DeviceHealth, description: string): Promise<void> {
  const { WebGPUBackend } = await importOptional(TFJS)
  if (typeof WebGPUBackend !== 'function') throw new BackendError(`webgpu: expected WebGPUBackend in ${TFJS}, got none`)
  // The package registers itself too, with a device of its own making.
  if (tf.findBackendFactory('webgpu') !== null) tf.removeBackend('webgpu')
  tf.registerBackend('webgpu', () => {
    const tfjs: unknown = Reflect.construct(WebGPUBackend, [device, adapter.info])
    if (!isTfjsWebgpu(tfjs)) throw new BackendError(`webgpu: expected ${TFJS} 4.22, got another`)
    readSynchronously(tfjs, health)
    return tfjs
  })
  if (!(await tf.setBackend('webgpu'))) {
    throw new BackendError(`webgpu: expected ${TFJS} to start on ${description}, it did not`)
  }
}

function isSoftware(adapter: Adapter, description: string): boolean {
  return adapter.isFallbackAdapter === true || adapter.info?.isFallbackAdapter === true || SOFTWARE.test(description)
}

function describe(adapter: Adapter): string {
  const { vendor, architecture, description } = adapter.info ?? {}
  return (
    [vendor, architecture, description].filter(part => part !== undefined && part !== '').join(' ') || 'unnamed adapter'
  )
}
