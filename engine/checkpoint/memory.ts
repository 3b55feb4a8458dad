/** Whether a model fits this machine: its weights are widened to float32 and stay in host memory. */
import { totalmem } from 'node:os'

const FLOAT32_BYTES = 4
/** What loading and running take beside the weights. */
const HEADROOM = 1.15

/** Bytes of memory that a model of so many weights needs. */
export function neededMemory(parameters: number): number {
  return Math.round(parameters * FLOAT32_BYTES * HEADROOM)
}

/** Bytes of memory that this process may use: the machine's, or less in a container. */
export function usableMemory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}
