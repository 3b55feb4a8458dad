/**
 * A sweep: base prompts, and for each many patches whose effect on a metric is wanted. One patch is
 * one run of the model with its interventions; the sweep's result is defined as what the plain loop
 * of full forward passes gives.
 */
import type { Intervention } from '../intervention.ts'
import type { HookFunction } from '../lane-tap.ts'
import type { Metric } from '../metric.ts'

export interface Patch {
  readonly interventions: readonly Intervention[]
  /** For what data cannot say, anywhere but at the embedding; such a patch runs its whole prompt. */
  readonly functions?: readonly { readonly at: string; readonly run: HookFunction }[]
}

export interface SweepBase {
  readonly ids: readonly number[]
  readonly patches: readonly Patch[]
  readonly metrics: readonly Metric[]
  /** Position whose next-token distribution is measured; negative counts from the end. @default -1 */
  readonly position?: number
}

export interface SweepRequest {
  readonly bases: readonly SweepBase[]
  /** Bytes that a slice may hold above the weights. @default 1 GB */
  readonly memoryBytes?: number
  /** How long a slice should take, so that results keep coming and cancelling is prompt. @default 480 */
  readonly sliceMs?: number
  /** The machine's rate, for `sliceMs`. @default 50 */
  readonly gflops?: number
  /** Slices go down the layers together, so that each weight is read once; `sliceMs` does not matter. @default false */
  readonly weightsFromDisk?: boolean
}

export interface PatchResult {
  readonly base: number
  readonly patch: number
  /** One number a metric of the base. */
  readonly values: Float64Array
}

export const DEFAULT_MEMORY_BYTES = 1e9
/** Under a second also where a slice reaches two thirds of the machine's rate. */
export const DEFAULT_SLICE_MS = 480
export const DEFAULT_GFLOPS = 50
