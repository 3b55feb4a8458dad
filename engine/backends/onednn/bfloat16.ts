/**
 * The `blas` backend with bfloat16 weights: half the memory, and with a matrix unit (AMX) several times
 * the rate. A weight of a model is packed when it is read, and its values are then only in the packed
 * copy; any other weight is packed when it is first used, and kept until it is released.
 *
 * Only products with weights are bfloat16, their sums float32. All else is the float32 backend's.
 */
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { BackendError, PatchlightError } from '../../errors.ts'
import { blasAdvice, findBlas } from '../libraries.ts'
import { checkInput } from '../shapes.ts'
import type { Backend, UnpackedWeight, Weight } from '../types.ts'
import { wasmRuntime } from '../wasm-runtime.ts'
import { type OneDnn, openOneDnn } from './api.ts'
import { type Packed, Products } from './products.ts'

/** What the backend holds of the library's, beside `Backend`. */
export interface Bfloat16Backend extends Backend {
  /** Objects of the library's that are alive: packed weights, compiled products and what belongs to them. */
  nativeObjects(): number
  /** Bytes of packed weights. They are outside the heap and every tensor. */
  packedBytes(): number
}

/** A weight whose values are in the packed copy only. Reading them unpacks them: a pass never does. */
class PackedWeight implements Weight {
  readonly name: string
  readonly outSize: number
  readonly inSize: number
  readonly transposed: boolean
  readonly #unpack: (weight: PackedWeight) => Float32Array

  constructor({ name, outSize, inSize, transposed }: UnpackedWeight, unpack: (weight: PackedWeight) => Float32Array) {
    this.name = name
    this.outSize = outSize
    this.inSize = inSize
    this.transposed = transposed
    this.#unpack = unpack
  }

  get data(): Float32Array {
    return this.#unpack(this)
  }
}

let opened: OneDnn | undefined

/**
 * oneDNN's product primitive on this machine.
 * @throws BackendError if the library or the processor has no bfloat16, saying what to do instead
 */
export function findBfloat16(): OneDnn {
  const { name, library } = findBlas()
  const refuse = (got: string) =>
    new BackendError(`--dtype bf16: expected oneDNN on a processor that multiplies bfloat16, got ${got}`)
  if (!name.startsWith('oneDNN')) throw refuse(`${name}; ${blasAdvice()}, or use --dtype f32`)
  opened ??= openOneDnn(library)
  const limit = isaLimit()
  if (opened.bfloat16 === 'none' && limit !== undefined)
    throw refuse(`${name} held back by ${limit}; unset that variable, or use --dtype f32`)
  if (opened.bfloat16 === 'none')
    throw refuse(
      `${name} on a processor without (Intel since 2020 and AMD since 2022 have AVX-512 BF16); ` +
        'use --dtype f32, and --weights disk where memory is short',
    )
  return opened
}

/** The variable that holds oneDNN back from some of the processor's instructions, with its value. */
export function isaLimit(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const name = ['ONEDNN_MAX_CPU_ISA', 'DNNL_MAX_CPU_ISA'].find(candidate => (env[candidate] ?? '') !== '')
  return name === undefined ? undefined : `${name}=${env[name]}`
}

/**
 * @param float32 the `blas` backend
 * @throws BackendError as `findBfloat16` does
 */
export async function createBfloat16Backend(float32: Backend): Promise<Bfloat16Backend> {
  const library = findBfloat16()
  const products = new Products(library)
  const runtime = await wasmRuntime()
  const held = new Map<Weight, Packed>()

  function packed(weight: Weight): Packed {
    const found = held.get(weight)
    if (found !== undefined) return found
    if (weight instanceof PackedWeight) {
      throw new PatchlightError(
        `weights: expected ${weight.name} to be in use, got it after it was given back; ask for its layer again`,
      )
    }
    const made = products.pack(weight)
    held.set(weight, made)
    return made
  }

  return {
    ...float32,
    dtype: 'bf16',
    pack(unpacked) {
      const weight = new PackedWeight(unpacked, own => products.unpack(packed(own), own.transposed))
      held.set(weight, products.pack(unpacked))
      return weight
    },
    linear(x: Tensor2D, weight: Weight): Tensor2D {
      if (weight.float32 === true) return float32.linear(x, weight)
      const rows = checkInput(x, weight)
      const right = packed(weight)
      const out = runtime.output([rows, weight.outSize]) as Tensor2D
      // The output may have moved the heap: views are taken after it.
      if (out.size > 0) products.multiply(runtime.view(x), rows, right, runtime.view(out))
      return out
    },
    release(weight) {
      held.get(weight)?.memory.end()
      held.delete(weight)
      float32.release(weight)
    },
    dispose() {
      for (const [weight, { memory }] of held) {
        // A model's weights have no other copy: they end with their model.
        if (weight instanceof PackedWeight) continue
        memory.end()
        held.delete(weight)
      }
      products.dispose()
    },
    nativeObjects: () => library.live(),
    packedBytes: () => [...held.values()].reduce((sum, { bytes }) => sum + bytes, 0),
  }
}
