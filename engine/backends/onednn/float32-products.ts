/**
 * Products with float32 matrices where they lie in host memory, by oneDNN's product primitive. It
 * reads a matrix as it is stored, and for a few to a few hundred rows it is 1.2 to 2 times as fast
 * as the library's `sgemm`, which hardly shares so few rows among cores; from a thousand rows on they
 * are equal, and below `MIN_ROWS` there is nothing to share.
 *
 * The code of a product depends on the number of rows: it is compiled for each, and the latest used
 * are kept.
 */
import { BackendError } from '../../errors.ts'
import type { Weight } from '../types.ts'
import { Arguments, F32, type Made, type OneDnn, RESULT, SOURCE, WEIGHTS } from './api.ts'
import { Kept } from './kept.ts'

/** Fewer rows are read faster by `sgemm`. */
export const MIN_ROWS = 3

interface Compiled {
  readonly code: Made
  readonly args: Arguments
  readonly left: Made
  readonly right: Made
  readonly result: Made
}

type Shape = Pick<Weight, 'inSize' | 'outSize' | 'transposed'>

export class Float32Products {
  readonly #library: OneDnn
  readonly #compiled = new Kept<Compiled>(({ code, left, right, result }) => [code, left, right, result])

  /** @throws BackendError if the library multiplies wrongly */
  constructor(library: OneDnn) {
    this.#library = library
    for (const transposed of [false, true]) expectRight(this, transposed)
  }

  /** x [rows, in] · Wᵀ → out [rows, out]. At least one row; sizes are checked by nobody below. */
  multiply(x: Float32Array, rows: number, shape: Shape, weight: Float32Array, out: Float32Array): void {
    const key = `${rows}×${shape.inSize}×${shape.outSize} ${shape.transposed}`
    const { code, args, left, right, result } = this.#compiled.get(key, () => this.#compile(rows, shape))
    this.#library.set(left, x)
    this.#library.set(right, weight)
    this.#library.set(result, out)
    this.#library.run(code, args)
  }

  dispose(): void {
    this.#compiled.clear()
  }

  #compile(rows: number, { inSize, outSize, transposed }: Shape): Compiled {
    const library = this.#library
    const passing: { end(): void }[] = []
    const kept: Made[] = []
    try {
      const describe = (height: number, width: number, strides: readonly [number, number]) => {
        const made = library.matrix(height, width, F32, strides)
        passing.push(made)
        const window = library.window(made.descriptor)
        kept.push(window)
        return { descriptor: made.descriptor, window }
      }
      const left = describe(rows, inSize, [inSize, 1])
      const right = describe(inSize, outSize, transposed ? [outSize, 1] : [1, inSize])
      const result = describe(rows, outSize, [outSize, 1])
      const product = library.productWith(rows, inSize, outSize, F32, right.descriptor)
      passing.push(product)
      const code = product.compile()
      const args = new Arguments([
        [SOURCE, left.window],
        [WEIGHTS, right.window],
        [RESULT, result.window],
      ])
      return { code, args, left: left.window, right: right.window, result: result.window }
    } catch (error) {
      for (const made of kept) made.end()
      throw error
    } finally {
      for (const made of passing) made.end()
    }
  }
}

/** Multiplies small whole numbers, which float32 holds exactly. */
function expectRight(products: Float32Products, transposed: boolean): void {
  const [rows, inSize, outSize] = [5, 19, 11]
  const x = Float32Array.from({ length: rows * inSize }, (_, i) => ((i * 7) % 13) - 6)
  const weight = Float32Array.from({ length: inSize * outSize }, (_, i) => ((i * 5) % 11) - 5)
  // What was there before must not shine through.
  const out = new Float32Array(rows * outSize).fill(Number.NaN)
  products.multiply(x, rows, { inSize, outSize, transposed }, weight, out)
  for (const [at, value] of out.entries()) {
    const [row, column] = [Math.floor(at / outSize), at % outSize]
    let sum = 0
    for (let i = 0; i < inSize; i++)
      sum += (x[row * inSize + i] ?? 0) * (weight[transposed ? i * outSize + column : column * inSize + i] ?? 0)
    if (value !== sum) throw new BackendError(`blas: expected ${sum} from oneDNN's product, got ${value}`)
  }
}
