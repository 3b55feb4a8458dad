/**
 * Elementwise work and softmax by oneDNN, on all cores and by the processor's widest instructions,
 * where tfjs's kernels run on one core by 128-bit ones. An operation is compiled for each shape
 * (some 50 µs) and the latest used are kept.
 *
 * Believed only after it computed known numbers: version 3 numbered activations anew.
 */
import { BackendError } from '../../errors.ts'
import { Arguments, F32, type Made, type OneDnn, type Operation, RESULT, SECOND_SOURCE, SOURCE } from './api.ts'
import { Kept } from './kept.ts'

interface Compiled {
  readonly code: Made
  readonly args: Arguments
  /** Windows on the first source, which the result overwrites, and on the second. */
  readonly first: Made
  readonly second: Made
}

export interface Operations {
  /** values ← operation(values), or values ← values · second: [rows, columns], in place. */
  apply(operation: Operation, values: Float32Array, rows: number, columns: number, second?: Float32Array): void
  /** Ends what is kept. */
  end(): void
}

/** @throws BackendError if the library computes something else */
export function openOperations(library: OneDnn): Operations {
  const kept = new Kept<Compiled>(({ code, first, second }) => [code, first, second])

  function compile(operation: Operation, rows: number, columns: number): Compiled {
    const matrix = library.matrix(rows, columns, F32, [columns, 1])
    const made: Made[] = []
    try {
      const [first, second] = [library.window(matrix.descriptor), library.window(matrix.descriptor)]
      made.push(first, second)
      const code = library.operation(operation, matrix.descriptor)
      const list: [number, Made][] = [[SOURCE, first]]
      if (operation === 'multiply') list.push([SECOND_SOURCE, second])
      return { code, first, second, args: new Arguments([...list, [RESULT, first]]) }
    } catch (error) {
      for (const each of made) each.end()
      throw error
    } finally {
      matrix.end()
    }
  }

  const operations: Operations = {
    apply(operation, values, rows, columns, second) {
      const compiled = kept.get(`${operation} ${rows} ${columns}`, () => compile(operation, rows, columns))
      library.set(compiled.first, values)
      if (second !== undefined) library.set(compiled.second, second)
      library.run(compiled.code, compiled.args)
    },
    end: () => kept.clear(),
  }
  try {
    expectRight(operations)
  } catch (error) {
    operations.end()
    throw error
  }
  return operations
}

const HIDDEN = Number.NEGATIVE_INFINITY
/** Each operation on known numbers, and what it must give. */
const KNOWN: readonly { readonly operation: Operation; readonly from: number[]; readonly to: number[] }[] = [
  { operation: 'silu', from: [-20, -1, 0, 1, 20, 3], to: [-4.1223e-8, -0.26894142, 0, 0.73105858, 20, 2.85772238] },
  { operation: 'multiply', from: [-20, -1, 0, 1, 20, 3], to: [400, 1, 0, 1, 400, 9] },
  { operation: 'softmax', from: [0, 1, HIDDEN, 5, 5, HIDDEN], to: [0.26894142, 0.73105858, 0, 0.5, 0.5, 0] },
]

function expectRight(operations: Operations): void {
  for (const { operation, from, to } of KNOWN) {
    const values = Float32Array.from(from)
    const second = operation === 'multiply' ? values.slice() : undefined
    operations.apply(operation, values, 2, 3, second)
    const wrong = values.findIndex(
      (value, i) => !(Math.abs(value - (to[i] ?? 0)) <= 1e-6 * Math.abs(to[i] ?? 0) + 1e-9),
    )
    if (wrong >= 0)
      throw new BackendError(
        `blas: expected oneDNN's ${operation} of ${from[wrong]} to be ${to[wrong]}, got ${values[wrong]}`,
      )
  }
}
