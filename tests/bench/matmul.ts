/** The machine's matrix-product rate for each backend found, at the widest map of a Llama-3.2-1B block. */
import { measureRate } from '../../engine/backends/measure.ts'
import { selectBackend } from '../../engine/backends/select.ts'
import { usableBackends } from './backends.ts'
import type { Bench, Table } from './table.ts'

const ROWS = [1, 16, 128, 1024] as const
const [IN_SIZE, OUT_SIZE] = [2048, 8192]

export const matmul: Bench = {
  name: 'matmul',
  async run({ backend: only, progress }): Promise<Table[]> {
    const usable = await usableBackends(only)
    const rates = new Map<string, number>()
    for (const rows of ROWS) {
      for (const { name } of usable) {
        progress(`${name}, ${rows} rows`)
        const backend = await selectBackend(name)
        rates.set(`${name} ${rows}`, measureRate(backend, { rows, size: [IN_SIZE, OUT_SIZE], minMs: 300 }))
      }
    }
    const rate = (name: string, rows: number) => rates.get(`${name} ${rows}`) ?? Number.NaN
    const rows = usable.map(({ name, detail }) => ({
      backend: name,
      library: detail,
      ...Object.fromEntries(ROWS.map(count => [`rate${count}`, rate(name, count)])),
      ...Object.fromEntries(ROWS.map(count => [`ratio${count}`, rate(name, count) / rate('wasm', count)])),
    }))
    return [
      {
        title: `Matrix product, [rows, ${IN_SIZE}] · [${IN_SIZE}, ${OUT_SIZE}], float32, GFLOP/s`,
        columns: [
          { key: 'backend', label: 'backend' },
          { key: 'library', label: 'library' },
          ...ROWS.map(count => ({ key: `rate${count}`, label: count === 1 ? '1 row' : `${count} rows`, digits: 1 })),
          ...(usable.some(({ name }) => name === 'wasm')
            ? ROWS.map(count => ({ key: `ratio${count}`, label: `×wasm @${count}`, digits: 1 }))
            : []),
        ],
        rows,
        note: 'Median of at least three products each, the backends one after another at each number of rows.',
      },
    ]
  },
}
