/**
 * What the processor itself says that it can do with bfloat16, which may be more than a library uses.
 * Only Linux tells, and only of x86.
 */
import { readFileSync } from 'node:fs'

export interface Bfloat16Features {
  /** A matrix unit: AMX tiles that multiply bfloat16. */
  readonly matrixUnit: boolean
  /** AVX-512 BF16. */
  readonly instructions: boolean
}

/** @param cpuinfo the file's text. Undefined where nothing is told. */
export function bfloat16Features(cpuinfo = readCpuinfo()): Bfloat16Features | undefined {
  const flags = cpuinfo.match(/^flags\s*:(.*)$/m)?.[1]?.split(/\s+/)
  if (flags === undefined) return undefined
  return {
    matrixUnit: flags.includes('amx_tile') && flags.includes('amx_bf16'),
    instructions: flags.includes('avx512_bf16'),
  }
}

function readCpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}
