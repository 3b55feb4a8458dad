/**
 * Reading tensors of tfjs's WebGPU backend synchronously. Its own `readSync` goes through a browser's
 * canvas, which Node lacks; this copies the tensor to a buffer that can be mapped and waits for it
 * (`dawn.ts`). What the device complained of since the last read is thrown here: numbers of a failed
 * kernel never leave the device.
 */
import type { DataId } from '@tensorflow/tfjs-core'
import { BackendError, DeviceLostError, internalError } from '../errors.ts'
import { waitForDawn } from './dawn.ts'
import type { Device, GpuBuffer, TfjsWebgpu } from './webgpu-types.ts'

/** `GPUBufferUsage.MAP_READ | COPY_DST` and `GPUMapMode.READ`, as the standard fixes them. */
const READABLE = 0x1 | 0x8
const MAP_READ = 0x1

/** Staging buffers up to this size are kept for the next read of the same size. */
const KEPT_STAGING_BYTES = 1e6
/** Bytes of buffers that nobody uses, by exact size; sweeps make ever new sizes. */
const MAX_FREE_BYTES = 256e6

/** What happened to a device since somebody last looked. */
export class DeviceHealth {
  #complaint: string | null = null
  #lost: string | null = null

  constructor(device: Device) {
    device.addEventListener('uncapturederror', event => {
      event.preventDefault()
      this.#complaint ??= event.error.message
    })
    device.lost.then(({ message }) => {
      this.#lost = message
    })
  }

  /** A buffer that did not get mapped: the reason may not have been told yet. */
  lose(): void {
    this.#lost ??= 'it no longer answers'
  }

  /** @throws DeviceLostError; BackendError if the device refused something since the last call */
  check(): void {
    if (this.#lost !== null)
      throw new DeviceLostError(
        `webgpu: expected the device to go on, it was lost (${firstLineOf(this.#lost)}); ` +
          'resume the run to go on where it stopped, on another backend if it happens again',
      )
    const complaint = this.#complaint
    this.#complaint = null
    if (complaint !== null)
      throw new BackendError(
        `webgpu: expected the device to take the work, it refused: ${firstLineOf(complaint)}; ` +
          'try fewer or shorter prompts at once, or another backend',
      )
  }
}

function firstLineOf(text: string): string {
  return text.trim().split('\n')[0]?.replace(/\.$/, '') ?? ''
}

/** Gives tfjs's backend a `readSync` (`tensor.dataSync()`, `Backend.view`) that works in Node. */
export function readSynchronously(tfjs: TfjsWebgpu, health: DeviceHealth): void {
  const readSync = (id: DataId) => {
    const data = tfjs.tensorMap.get(id)
    if (data.values !== undefined && data.values !== null) return data.values
    if (data.resource === undefined || data.resource === null) throw internalError('webgpu: a tensor without values')
    const bytes = readBuffer(tfjs, data.resource, health)
    const values = data.dtype === 'float32' ? new Float32Array(bytes) : new Int32Array(bytes)
    data.values = data.dtype === 'bool' ? Uint8Array.from(values) : values
    return data.values
  }
  Object.assign(tfjs, { readSync, read: async (id: DataId) => readSync(id) })
}

function readBuffer(tfjs: TfjsWebgpu, buffer: GpuBuffer, health: DeviceHealth): ArrayBuffer {
  health.check()
  const { size } = buffer
  const staging = tfjs.bufferManager.acquireBuffer(size, READABLE)
  try {
    tfjs.ensureCommandEncoderReady()
    tfjs.endComputePassEncoder()
    tfjs.commandEncoder?.copyBufferToBuffer(buffer, 0, staging, 0, size)
    tfjs.submitQueue()
    const map = (): void => {
      // Whether it worked is seen by the buffer's state, long before the promise is.
      staging.mapAsync(MAP_READ).catch(() => {})
    }
    waitForDawn(map, () => staging.mapState !== 'pending')
    health.check()
    if (staging.mapState !== 'mapped') {
      health.lose()
      health.check()
    }
    const bytes = staging.getMappedRange().slice(0)
    staging.unmap()
    return bytes
  } finally {
    tfjs.bufferManager.releaseBuffer(staging, size <= KEPT_STAGING_BYTES && staging.mapState === 'unmapped')
    trimPool(tfjs)
  }
}

/** Gives back the buffers that tfjs keeps for tensors of the same size, when they have become many. */
function trimPool({ bufferManager: pool }: TfjsWebgpu): void {
  if (pool.numBytesAllocated - pool.numBytesUsed < MAX_FREE_BYTES) return
  for (const [key, buffers] of pool.freeBuffers) {
    for (const buffer of buffers) {
      pool.numBytesAllocated -= buffer.size
      buffer.destroy()
    }
    pool.freeBuffers.set(key, [])
  }
  pool.numFreeBuffers = 0
}
