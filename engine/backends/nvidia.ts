/**
 * NVIDIA's GPUs as the driver's own tool tells of them. The TensorFlow addon says only whether it
 * computes on a GPU: not which, nor how much memory it has.
 */
import { execFileSync } from 'node:child_process'

export interface NvidiaGpu {
  readonly name: string
  readonly totalBytes: number
  readonly freeBytes: number
}

/** The tool answers within a second where the driver is well; a broken one can hang it. */
const TIMEOUT_MS = 5000
const MIB = 2 ** 20

/** The GPU that CUDA takes first; undefined where there is none, or no tool that tells of it. */
export function firstNvidiaGpu(env: NodeJS.ProcessEnv = process.env): NvidiaGpu | undefined {
  const wanted = env.CUDA_VISIBLE_DEVICES?.split(',')[0]?.trim()
  const only = wanted === undefined || wanted === '' ? [] : [`--id=${wanted}`]
  try {
    const args = ['--query-gpu=name,memory.total,memory.free', '--format=csv,noheader,nounits', ...only]
    const text = execFileSync('nvidia-smi', args, {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
      env,
    })
    const [name, total, free] = (text.split('\n')[0] ?? '').split(',').map(field => field.trim())
    const [totalBytes, freeBytes] = [Number(total) * MIB, Number(free) * MIB]
    if (name === undefined || !(totalBytes > 0) || !(freeBytes >= 0)) return undefined
    return { name, totalBytes, freeBytes }
  } catch {
    return undefined
  }
}
