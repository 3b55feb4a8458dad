/**
 * The `tensorflow` backend: the TensorFlow C library through `@tensorflow/tfjs-node-gpu`, else
 * `@tensorflow/tfjs-node`. Their installers download that library; where that failed the package
 * is absent, or present without it, and the reason says so.
 */
import util from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { BackendError } from '../errors.ts'
import { firstLine, importOptional, isInstalled } from './optional.ts'
import type { Backend } from './types.ts'
import { expectWorking, uploadingBackend } from './uploading.ts'

const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const

export const TENSORFLOW_ADVICE = 'run `npm i @tensorflow/tfjs-node-gpu` (CUDA) or `npm i @tensorflow/tfjs-node`'

export function tensorflowInstalled(): boolean {
  return PACKAGES.some(isInstalled)
}

/**
 * Loads the first package that works and makes it tfjs's active backend.
 * @throws BackendError if none is installed or loads.
 */
export async function createTensorflowBackend(): Promise<Backend> {
  const refusals: string[] = []
  for (const name of PACKAGES.filter(isInstalled)) {
    try {
      return await load(name)
    } catch (error) {
      refusals.push(`${name} does not load: ${firstLine(error)}`)
    }
  }
  const got = refusals.length === 0 ? 'neither is installed' : refusals.join('; ')
  throw new BackendError(
    `tensorflow: expected @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node, ${got}; ${TENSORFLOW_ADVICE}`,
  )
}

async function load(name: string): Promise<Backend> {
  // Node 23 removed what tfjs-node 4.22 still calls.
  if (!('isNullOrUndefined' in util)) {
    Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined })
  }
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  const module = await importOptional(name)
  if (!(await tf.setBackend('tensorflow'))) throw new Error('its backend does not start')
  const backend = uploadingBackend('tensorflow', `TensorFlow ${libraryVersion(module)} (${name})`)
  expectWorking(backend)
  return backend
}

function libraryVersion(module: Readonly<Record<string, unknown>>): string {
  const version = module.version
  const core =
    typeof version === 'object' && version !== null && 'tfjs-node' in version ? version['tfjs-node'] : undefined
  return typeof core === 'string' ? core : tf.version_core
}
