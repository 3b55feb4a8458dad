/**
 * What we use of WebGPU and of tfjs's backend on it. Both packages are optional, so their own types
 * may be absent; values of these types come from `isGpu` and its kin, which look before they believe.
 */
import type { DataId, KernelBackend } from '@tensorflow/tfjs-core'

export interface Gpu {
  requestAdapter(options?: { readonly powerPreference?: 'high-performance' }): Promise<Adapter | null>
}

/** `info` differs between versions of the standard. */
export interface Adapter {
  readonly isFallbackAdapter?: boolean
  readonly info?: {
    readonly vendor?: string
    readonly architecture?: string
    readonly description?: string
    readonly isFallbackAdapter?: boolean
  }
  readonly limits: Readonly<Record<LimitName, number>>
  requestDevice(descriptor: { readonly requiredLimits: Partial<Record<LimitName, number>> }): Promise<Device>
}

/** A device grants the standard's least unless more is asked for. */
export const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const
type LimitName = (typeof LIMITS)[number]

export interface Device {
  readonly limits: Readonly<Record<LimitName, number>>
  readonly lost: Promise<{ readonly reason?: string; readonly message: string }>
  readonly queue: { onSubmittedWorkDone(): Promise<void> }
  addEventListener(type: 'uncapturederror', listener: (event: ErrorEvent) => void): void
  destroy(): void
}

/** A message of Dawn's; `preventDefault` keeps it from being printed as well. */
interface ErrorEvent {
  readonly error: { readonly message: string }
  preventDefault(): void
}

export interface GpuBuffer {
  readonly size: number
  readonly mapState: 'unmapped' | 'pending' | 'mapped'
  mapAsync(mode: number): Promise<void>
  getMappedRange(): ArrayBuffer
  unmap(): void
  destroy(): void
}

/** tfjs's backend, with the parts that its own asynchronous read is made of. */
export interface TfjsWebgpu extends KernelBackend {
  readonly tensorMap: { get(id: DataId): TensorData }
  readonly bufferManager: {
    readonly freeBuffers: Map<string, GpuBuffer[]>
    numFreeBuffers: number
    numBytesUsed: number
    numBytesAllocated: number
    acquireBuffer(size: number, usage: number): GpuBuffer
    releaseBuffer(buffer: GpuBuffer, reuse: boolean): void
  }
  readonly commandEncoder: {
    copyBufferToBuffer(from: GpuBuffer, fromOffset: number, to: GpuBuffer, toOffset: number, size: number): void
  } | null
  ensureCommandEncoderReady(): void
  endComputePassEncoder(): void
  submitQueue(): void
}

/** Of one tensor: its values in host memory, where they are known, and its buffer, once uploaded. */
interface TensorData {
  values?: ArrayLike<number> | null
  readonly resource?: GpuBuffer | null
  readonly dtype: string
}

export function isGpu(value: unknown): value is Gpu {
  return has(value, 'requestAdapter')
}

export function isTfjsWebgpu(value: unknown): value is TfjsWebgpu {
  const needed = ['tensorMap', 'bufferManager', 'ensureCommandEncoderReady', 'endComputePassEncoder', 'submitQueue']
  return needed.every(name => has(value, name))
}

function has(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && name in value
}
