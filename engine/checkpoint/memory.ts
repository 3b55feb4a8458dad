/** Whether a model's weights fit this machine's memory, widened to float32. */
import { totalmem } from 'node:os'

const FLOAT32_BYTES = 4
/** What a pass needs beside the weights: activations, and the process itself. */
export const ROOM_BYTES = 1e9

/** Bytes of memory that so many weights take. */
export function weightMemory(parameters: number): number {
  return parameters * FLOAT32_BYTES
}

/** Bytes of memory that this process may use: the machine's, or less in a container. */
export function usableMemory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

export function fitsMemory(parameters: number, usableBytes: number): boolean {
  return weightMemory(parameters) + ROOM_BYTES <= usableBytes
}
