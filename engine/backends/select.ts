/**
 * Starting backends by name. One is active in a process at a time, and each name has one instance.
 * Which is best for a model is measured in `choose-backend.ts`; without a model, it is the first of
 * the list that works here.
 */
import * as tf from '@tensorflow/tfjs-core'
import { BackendError } from '../errors.ts'
import { createBlasBackend } from './blas.ts'
import { blasAdvice, findBlas } from './libraries.ts'
import { measureCall, measureRate } from './measure.ts'
import { installedVersions } from './optional.ts'
import { createTensorflowBackend, TENSORFLOW_ADVICE, TENSORFLOW_PACKAGES, tensorflowInstalled } from './tensorflow.ts'
import { BACKEND_NAMES, type Backend, type BackendName } from './types.ts'
import { createWasmBackend } from './wasm.ts'
import { createWebgpuBackend, WEBGPU_ADVICE, WEBGPU_PACKAGES, webgpuPresent } from './webgpu.ts'

interface Candidate {
  readonly create: () => Promise<Backend>
  /** The tfjs backend below it. */
  readonly tfjs: string
  /** A cheap look: is it worth trying when nobody asked for it? */
  readonly present: () => boolean
  /** Its library and version, told without starting it. */
  readonly library: () => string
  readonly advice: () => string
}

const CANDIDATES: Readonly<Record<BackendName, Candidate>> = {
  tensorflow: {
    create: createTensorflowBackend,
    tfjs: 'tensorflow',
    present: tensorflowInstalled,
    library: () => `${installedVersions(TENSORFLOW_PACKAGES)}${tensorflowInstalled() ? '' : ', not built'}`,
    advice: () => TENSORFLOW_ADVICE,
  },
  webgpu: {
    create: createWebgpuBackend,
    tfjs: 'webgpu',
    present: webgpuPresent,
    library: () => installedVersions(WEBGPU_PACKAGES),
    advice: () => WEBGPU_ADVICE,
  },
  blas: { create: createBlasBackend, tfjs: 'wasm', present: () => true, library: blasLibrary, advice: blasAdvice },
  wasm: {
    create: () => createWasmBackend(),
    tfjs: 'wasm',
    present: () => true,
    library: () => tf.version_core,
    advice: () => 'run `npm ci` again',
  },
}

const instances = new Map<BackendName, Promise<Backend>>()

/**
 * Starts a backend and makes it the active one. Asking again for the same gives the same instance.
 * @param choice `auto` tries all, best first. Default: PATCHLIGHT_BACKEND, else `auto`.
 * @throws BackendError if a backend that was asked for by name is unknown or unusable, saying what to install.
 */
export async function selectBackend(choice?: BackendName | 'auto'): Promise<Backend> {
  const wanted = askedBackend(choice)
  if (wanted !== 'auto') return activate(wanted)
  const refusals: string[] = []
  for (const name of presentBackends()) {
    try {
      return await activate(name)
    } catch (error) {
      if (!(error instanceof BackendError)) throw error
      refusals.push(error.message)
    }
  }
  throw new BackendError(`backend: expected one that works, got none: ${refusals.join('; ')}`)
}

/**
 * What was asked for: the caller's choice, else PATCHLIGHT_BACKEND's, else `auto`.
 * @throws BackendError for another word
 */
export function askedBackend(choice?: BackendName | 'auto'): BackendName | 'auto' {
  const value = choice ?? process.env.PATCHLIGHT_BACKEND ?? ''
  if (value === '' || value === 'auto') return 'auto'
  const name = BACKEND_NAMES.find(candidate => candidate === value)
  if (name === undefined) {
    const where = choice === undefined ? 'PATCHLIGHT_BACKEND' : 'backend'
    throw new BackendError(`${where}: expected auto, ${BACKEND_NAMES.join(', ')}, got '${value}'`)
  }
  return name
}

/** Those that are worth trying when nobody asked for one, best first; none is started for it. */
export function presentBackends(): BackendName[] {
  return BACKEND_NAMES.filter(name => CANDIDATES[name].present())
}

/** What a backend would compute with, told without starting it: changes when what is installed does. */
export function libraryOf(name: BackendName): string {
  return CANDIDATES[name].library()
}

function blasLibrary(): string {
  try {
    return findBlas().name
  } catch {
    return 'none'
  }
}

/** What a backend is on this machine. */
export interface BackendReport {
  readonly name: BackendName
  readonly usable: boolean
  /** Its library, or why it is not usable. */
  readonly detail: string
  /** What to install for it, where it is not usable. */
  readonly advice?: string
  /** Rate of a 128-row product. */
  readonly gflops?: number
  /** Rates of products with a weight of 1,024 × 1,024, by their rows. */
  readonly rates?: readonly { readonly rows: number; readonly gflops: number }[]
  /** Microseconds that each call of an op costs. */
  readonly callUs?: number
}

const REPORTED_ROWS = [1, 16, 128, 1024] as const
const REPORTED_SIZE = 1024

/** Tries every backend and measures those that work; the last of them stays active. Takes about a second each. */
export async function detectBackends(): Promise<BackendReport[]> {
  const found: BackendReport[] = []
  for (const name of BACKEND_NAMES) found.push(await inspect(name))
  return found
}

async function inspect(name: BackendName): Promise<BackendReport> {
  try {
    const backend = await activate(name)
    const rates = REPORTED_ROWS.map(rows => {
      return { rows, gflops: measureRate(backend, { rows, size: REPORTED_SIZE, minMs: 50 }) }
    })
    const [gflops = Number.NaN] = rates.filter(({ rows }) => rows === 128).map(rate => rate.gflops)
    return { name, usable: true, detail: backend.library, gflops, rates, callUs: measureCall(backend) }
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
