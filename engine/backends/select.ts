/**
 * Which backend computes: the caller's choice, else PATCHLIGHT_BACKEND's, else the best that works
 * here. One backend is active in a process at a time, and each name has one instance.
 */
import * as tf from '@tensorflow/tfjs-core'
import { BackendError } from '../errors.ts'
import { createBlasBackend } from './blas.ts'
import { blasAdvice } from './libraries.ts'
import { measureRate } from './measure.ts'
import { createTensorflowBackend, TENSORFLOW_ADVICE, tensorflowInstalled } from './tensorflow.ts'
import { BACKEND_NAMES, type Backend, type BackendName } from './types.ts'
import { createWasmBackend } from './wasm.ts'
import { createWebgpuBackend, WEBGPU_ADVICE, webgpuPresent } from './webgpu.ts'

interface Candidate {
  readonly create: () => Promise<Backend>
  /** The tfjs backend below it. */
  readonly tfjs: string
  /** A cheap look: is it worth trying when nobody asked for it? */
  readonly present: () => boolean
  readonly advice: () => string
}

const CANDIDATES: Readonly<Record<BackendName, Candidate>> = {
  tensorflow: {
    create: createTensorflowBackend,
    tfjs: 'tensorflow',
    present: tensorflowInstalled,
    advice: () => TENSORFLOW_ADVICE,
  },
  webgpu: { create: createWebgpuBackend, tfjs: 'webgpu', present: webgpuPresent, advice: () => WEBGPU_ADVICE },
  blas: { create: createBlasBackend, tfjs: 'wasm', present: () => true, advice: blasAdvice },
  wasm: { create: () => createWasmBackend(), tfjs: 'wasm', present: () => true, advice: () => 'run `npm ci` again' },
}

const instances = new Map<BackendName, Promise<Backend>>()

/**
 * Starts a backend and makes it the active one. Asking again for the same gives the same instance.
 * @param choice `auto` tries all, best first. Default: PATCHLIGHT_BACKEND, else `auto`.
 * @throws BackendError if a backend that was asked for by name is unknown or unusable, saying what to install.
 */
export async function selectBackend(choice?: BackendName | 'auto'): Promise<Backend> {
  const wanted = choice ?? choiceFromEnvironment()
  if (wanted !== 'auto') return activate(parseChoice(wanted))
  const refusals: string[] = []
  for (const name of BACKEND_NAMES) {
    if (!CANDIDATES[name].present()) continue
    try {
      return await activate(name)
    } catch (error) {
      if (!(error instanceof BackendError)) throw error
      refusals.push(error.message)
    }
  }
  throw new BackendError(`backend: expected one that works, got none: ${refusals.join('; ')}`)
}

/** What doctor shows of a backend. */
export interface BackendReport {
  readonly name: BackendName
  readonly usable: boolean
  /** The one that `selectBackend()` gives. */
  readonly chosen: boolean
  /** Its library, or why it is not usable. */
  readonly detail: string
  /** What to install for it, where it is not usable. */
  readonly advice?: string
  /** Rate of a 128-row product. */
  readonly gflops?: number
}

/** Tries every backend and measures those that work; leaves the chosen one active. Takes about a second. */
export async function detectBackends(): Promise<BackendReport[]> {
  const wanted = choiceFromEnvironment()
  const found: Omit<BackendReport, 'chosen'>[] = []
  for (const name of BACKEND_NAMES) found.push(await inspect(name))
  const chosen = wanted === 'auto' ? found.find(report => report.usable)?.name : wanted
  if (found.some(report => report.usable && report.name === chosen)) await selectBackend()
  return found.map(report => ({ ...report, chosen: report.usable && report.name === chosen }))
}

async function inspect(name: BackendName): Promise<Omit<BackendReport, 'chosen'>> {
  try {
    const backend = await activate(name)
    const gflops = measureRate(backend, { rows: 128, size: 1024 })
    return { name, usable: true, detail: backend.library, gflops }
  } catch (error) {
    if (!(error instanceof BackendError)) throw error
    const advice = CANDIDATES[name].advice()
    return { name, usable: false, detail: error.message.replace(`; ${advice}`, ''), advice }
  }
}

async function activate(name: BackendName): Promise<Backend> {
  const { create, tfjs } = CANDIDATES[name]
  const before = tf.getBackend()
  let instance = instances.get(name)
  if (instance === undefined) {
    instance = create()
    instances.set(name, instance)
  }
  try {
    const backend = await instance
    if (tf.getBackend() !== tfjs) await tf.setBackend(tfjs)
    return backend
  } catch (error) {
    instances.delete(name)
    if (before !== undefined && tf.getBackend() !== before) await tf.setBackend(before)
    throw error
  }
}

function choiceFromEnvironment(): BackendName | 'auto' {
  const value = process.env.PATCHLIGHT_BACKEND
  return value === undefined || value === '' || value === 'auto' ? 'auto' : parseChoice(value)
}

function parseChoice(value: string): BackendName {
  const name = BACKEND_NAMES.find(candidate => candidate === value)
  if (name === undefined) {
    throw new BackendError(`backend: expected auto, ${BACKEND_NAMES.join(', ')}, got '${value}'`)
  }
  return name
}
