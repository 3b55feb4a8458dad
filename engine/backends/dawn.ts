/**
 * Dawn, Chrome's WebGPU, in Node: starting it, and waiting for it without leaving the call stack.
 *
 * A GPU is read by asking for a buffer to be mapped and waiting for the promise. Dawn learns that a
 * buffer is mapped when it looks at its events, which it lets the event loop call by `setImmediate`.
 * While we wait we stand in for the event loop: `setImmediate` hands us Dawn's own callback, and we
 * call it until the buffer's state says `mapped`. So a read is an ordinary call, as on every other
 * backend, and nothing else of the program runs in between.
 */

import { importOptional } from './optional.ts'
import { type Gpu, isGpu } from './webgpu-types.ts'

export const DAWN = 'webgpu'

type Callback = () => void

/** Dawn's callback as it last gave it: it may be called again. */
let lookAtEvents: Callback | null = null

/** Looks that follow at once; a small result of a GPU is there by then. */
const EAGER_LOOKS = 50
/** Between later looks: short beside any pass, long enough to leave a software driver the processor. */
const PAUSE_MS = 0.1
const nobody = new Int32Array(new SharedArrayBuffer(4))

/**
 * Gives the process what a browser has, WebGPU's globals and `navigator.gpu`: tfjs reads them.
 * @throws whatever kept the package from loading
 */
export async function startDawn(): Promise<Gpu> {
  const { create, globals } = await importOptional(DAWN)
  if (typeof create !== 'function') throw new Error('no `create`')
  const gpu: unknown = create([])
  if (!isGpu(gpu)) throw new Error('no `requestAdapter`')
  Object.assign(globalThis, globals)
  if (!('navigator' in globalThis)) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true })
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true })
  return gpu
}

/** Makes a call into Dawn that has it ask for its first look, and keeps the callback. */
export function learningEvents<T>(call: () => T): T {
  return inPlaceOfEventLoop(call)
}

/**
 * Calls `begin`, which starts something in Dawn, and returns when `isDone` says so.
 * @throws Error if Dawn never asked for a look, so that it cannot be waited for
 */
export function waitForDawn(begin: () => void, isDone: () => boolean): void {
  inPlaceOfEventLoop(() => {
    begin()
    for (let looks = 0; !isDone(); looks++) {
      if (lookAtEvents === null) throw new Error('expected Dawn to wait by setImmediate, it did not')
      lookAtEvents()
      if (looks >= EAGER_LOOKS) Atomics.wait(nobody, 0, 0, PAUSE_MS)
    }
  })
}

/** Runs `call` with a `setImmediate` that takes note; what was asked for and still stands is passed on. */
function inPlaceOfEventLoop<T>(call: () => T): T {
  const original = globalThis.setImmediate
  let asked: Callback | null = null
  Reflect.set(globalThis, 'setImmediate', (callback: Callback) => {
    asked = callback
    lookAtEvents = callback
  })
  try {
    return call()
  } finally {
    Reflect.set(globalThis, 'setImmediate', original)
    // Something else may still be under way, which the event loop must see to its end.
    if (asked !== null) original(asked)
  }
}
