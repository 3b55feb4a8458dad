/**
 * Cells gathered on their way out of the engine: crossing one by one would cost more than computing
 * them. Neighbouring cells travel as one block.
 */
import type { CellBlock } from '../figure.ts'
import { CELL_BATCH_CELLS, CELL_BATCH_MS } from './protocol.ts'

interface Cell {
  readonly value: number
  readonly mark: number
}

function blocksOf(figure: string, cells: ReadonlyMap<number, Cell>): CellBlock[] {
  const indices = [...cells.keys()].sort((a, b) => a - b)
  const blocks: CellBlock[] = []
  for (let begin = 0; begin < indices.length; ) {
    const first = indices[begin] ?? 0
    let end = begin + 1
    while (indices[end] === first + end - begin) end++
    const taken = indices.slice(begin, end).map(index => cells.get(index) ?? { value: Number.NaN, mark: 0 })
    const marks = taken.map(cell => cell.mark)
    blocks.push({
      figure,
      first,
      values: taken.map(cell => cell.value),
      ...(marks.some(mark => mark !== 0) ? { marks } : {}),
    })
    begin = end
  }
  return blocks
}

export class CellBatch {
  readonly #emit: (blocks: readonly CellBlock[]) => void
  readonly #figures = new Map<string, Map<number, Cell>>()
  #count = 0
  #sinceMs = 0

  constructor(emit: (blocks: readonly CellBlock[]) => void) {
    this.#emit = emit
  }

  /** Takes one cell; sends what is gathered once it is many or old. */
  add(figure: string, index: number, value: number, mark: number): void {
    let cells = this.#figures.get(figure)
    if (cells === undefined) {
      cells = new Map()
      this.#figures.set(figure, cells)
    }
    // No timer could fire while a slice computes, so the clock is read here.
    const now = performance.now()
    if (this.#count === 0) this.#sinceMs = now
    cells.set(index, { value, mark })
    this.#count++
    if (this.#count >= CELL_BATCH_CELLS || now - this.#sinceMs >= CELL_BATCH_MS) this.flush()
  }

  flush(): void {
    if (this.#count === 0) return
    const blocks = [...this.#figures].flatMap(([figure, cells]) => blocksOf(figure, cells))
    this.#figures.clear()
    this.#count = 0
    this.#emit(blocks)
  }
}
