/**
 * Products with bfloat16 matrices that stand packed in the layout that oneDNN prefers.
 *
 * The layout depends on the matrix's sizes and not on the number of rows, so a matrix is packed once.
 * The code of a product does depend on the rows: it is compiled for each number of them (about half a
 * millisecond) and the latest used are kept. Rows are not rounded up to share code: the result would
 * have to be copied out of a larger one, which costs more than the product where there is a matrix unit.
 * Code for any number of rows exists, but reads unpacked matrices.
 *
 * Activations are rounded to bfloat16 by the library (a hundredth of a product); sums are float32.
 */
import { internalError } from '../../errors.ts'
import type { UnpackedWeight } from '../types.ts'
import { Arguments, BF16, F32, type Made, type OneDnn, type Product, RESULT, SOURCE, WEIGHTS } from './api.ts'
import { Kept } from './kept.ts'

/** Rows for which the layout is asked; any number gives the same. */
export const LAYOUT_ROWS = 512

export interface Packed {
  readonly inSize: number
  readonly outSize: number
  readonly memory: Made
  /** Sizes are rounded up to blocks of 64. */
  readonly bytes: number
}

/** A product compiled for one number of rows, and the first step that rounds them. */
interface Compiled {
  readonly rounding: Made
  readonly roundingArguments: Arguments
  readonly multiply: Made
  readonly multiplyArguments: Arguments
  /** Windows on the rows as float32, the rows as bfloat16, and the result. */
  readonly given: Made
  readonly rounded: Made
  readonly result: Made
}

const RIGHT = 1

export class Products {
  readonly #library: OneDnn
  readonly #layouts = new Map<string, Product>()
  readonly #compiled = new Kept<Compiled>(({ rounding, multiply, given, rounded, result }) => [
    rounding,
    multiply,
    given,
    rounded,
    result,
  ])
  /** Rows as bfloat16; grows and is kept. */
  #scratch = new Uint16Array(0)

  constructor(library: OneDnn) {
    this.#library = library
  }

  /** Copies a matrix into memory of the library's, rounded to bfloat16. End its memory when done. */
  pack({ name, inSize, outSize, data, transposed }: UnpackedWeight): Packed {
    if (data.length !== inSize * outSize)
      throw internalError(`pack: ${data.length} values for the ${outSize}×${inSize} of ${name}`)
    const { right } = this.#layout(inSize, outSize)
    const memory = this.#library.allocate(right)
    try {
      this.#reorder({ inSize, outSize, memory }, data, transposed, 'pack')
      return { inSize, outSize, memory, bytes: this.#library.bytes(right) }
    } catch (error) {
      memory.end()
      throw error
    }
  }

  /** The values of a packed matrix: [out, in], or [in, out] when `transposed`. */
  unpack(packed: Omit<Packed, 'bytes'>, transposed: boolean): Float32Array {
    const data = new Float32Array(new ArrayBuffer(4 * packed.inSize * packed.outSize))
    this.#reorder(packed, data, transposed, 'unpack')
    return data
  }

  /** Copies between a matrix in memory of ours and a packed one. */
  #reorder(
    { inSize, outSize, memory }: Omit<Packed, 'bytes'>,
    data: Float32Array | Uint16Array,
    transposed: boolean,
    direction: 'pack' | 'unpack',
  ): void {
    const library = this.#library
    const { right } = this.#layout(inSize, outSize)
    const type = data instanceof Float32Array ? F32 : BF16
    const plain = library.matrix(inSize, outSize, type, transposed ? [outSize, 1] : [1, inSize])
    const ends: Made[] = []
    try {
      const window = library.window(plain.descriptor)
      ends.push(window)
      const [from, to] = direction === 'pack' ? [plain.descriptor, right] : [right, plain.descriptor]
      const reorder = library.reorder(from, to)
      ends.push(reorder)
      library.set(window, data)
      const [source, result] = direction === 'pack' ? [window, memory] : [memory, window]
      library.run(
        reorder,
        new Arguments([
          [SOURCE, source],
          [RESULT, result],
        ]),
      )
    } finally {
      for (const made of ends) made.end()
      plain.end()
    }
  }

  /** x [rows, in] · packed → out [rows, out]. At least one row. */
  multiply(x: Float32Array, rows: number, { inSize, outSize, memory }: Packed, out: Float32Array): void {
    const library = this.#library
    const key = `${rows}×${inSize}×${outSize}`
    const compiled = this.#compiled.get(key, () => this.#compile(rows, inSize, outSize))
    if (this.#scratch.length < rows * inSize) this.#scratch = new Uint16Array(new ArrayBuffer(2 * rows * inSize))
    library.set(compiled.given, x)
    library.set(compiled.rounded, this.#scratch)
    library.set(compiled.result, out)
    compiled.multiplyArguments.put(RIGHT, memory)
    library.run(compiled.rounding, compiled.roundingArguments)
    library.run(compiled.multiply, compiled.multiplyArguments)
  }

  /** Gives back all but packed matrices, which may be used again after it. */
  dispose(): void {
    this.#compiled.clear()
    for (const product of this.#layouts.values()) product.end()
    this.#layouts.clear()
    this.#scratch = new Uint16Array(0)
  }

  #layout(inSize: number, outSize: number): Product {
    const key = `${inSize}×${outSize}`
    let product = this.#layouts.get(key)
    if (product === undefined) {
      product = this.#library.productOf(LAYOUT_ROWS, inSize, outSize, BF16)
      this.#layouts.set(key, product)
    }
    return product
  }

  #compile(rows: number, inSize: number, outSize: number): Compiled {
    const library = this.#library
    const kept: Made[] = []
    const passing: { end(): void }[] = []
    const keep = (made: Made): Made => {
      kept.push(made)
      return made
    }
    const pass = <T extends { end(): void }>(made: T): T => {
      passing.push(made)
      return made
    }
    try {
      const floats = pass(library.matrix(rows, inSize, F32, [inSize, 1])).descriptor
      const halves = pass(library.matrix(rows, inSize, BF16, [inSize, 1])).descriptor
      const results = pass(library.matrix(rows, outSize, F32, [outSize, 1])).descriptor
      const product = pass(library.productWith(rows, inSize, outSize, BF16, this.#layout(inSize, outSize).right))
      const given = keep(library.window(floats))
      const rounded = keep(library.window(halves))
      const result = keep(library.window(results))
      return {
        given,
        rounded,
        result,
        rounding: keep(library.reorder(floats, halves)),
        roundingArguments: new Arguments([
          [SOURCE, given],
          [RESULT, rounded],
        ]),
        multiply: keep(product.compile()),
        multiplyArguments: new Arguments([
          [SOURCE, rounded],
          [WEIGHTS, null],
          [RESULT, result],
        ]),
      }
    } catch (error) {
      for (const made of kept) made.end()
      throw error
    } finally {
      for (const made of passing) made.end()
    }
  }
}
