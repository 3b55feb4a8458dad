/**
 * bfloat16 on the processor: what it does to effects, measured against float32 over the embedded model's
 * three studies, and what it does to the rate of products and of sweeps. Runs of studies go through the
 * workbench, as a user's do.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBlas } from '../../engine/backends/libraries.ts'
import { Arguments, BF16, F32, type OneDnn, RESULT, SOURCE, WEIGHTS } from '../../engine/backends/onednn/api.ts'
import { findBfloat16 } from '../../engine/backends/onednn/bfloat16.ts'
import { LAYOUT_ROWS, Products } from '../../engine/backends/onednn/products.ts'
import { DTYPES, type Dtype } from '../../engine/backends/types.ts'
import type { RunSnapshot } from '../../studies/runs/events.ts'
import { createWorkbench } from '../../studies/runs/workbench.ts'
import { randomValues } from '../support/random.ts'
import { bfloat16Sweeps } from './bf16-sweeps.ts'
import { type Bench, median, type Table } from './table.ts'

const STUDIES = ['yes-no-steering', 'time-patching', 'neuron-ablation'] as const
const ROWS = [1, 16, 128, 1024] as const
const SIZES = [
  [2048, 8192],
  [8192, 2048],
] as const
const MIN_MS = 300

export const bf16: Bench = {
  name: 'bf16',
  async run({ large, progress }): Promise<Table[]> {
    const library = findBfloat16()
    return [await rates(library, progress), await bfloat16Sweeps(large, progress), await effects(progress)]
  },
}

async function effects(progress: (text: string) => void): Promise<Table> {
  const rows: Record<string, string | number>[] = []
  for (const study of STUDIES) {
    const snapshots: RunSnapshot[] = []
    for (const dtype of DTYPES) {
      progress(`${study} in ${dtype}`)
      snapshots.push(await runStudy(study, dtype))
    }
    const [full, half] = snapshots
    for (const figure of full?.figures ?? []) {
      const other = half?.figures.find(({ spec }) => spec.id === figure.spec.id)
      if (other !== undefined) rows.push({ study, ...compare(figure, other) })
    }
  }
  return {
    title: 'Effects in bfloat16 against float32, embedded model, presets of the three studies',
    columns: [
      { key: 'study', label: 'study' },
      { key: 'figure', label: 'figure' },
      { key: 'cells', label: 'cells' },
      { key: 'unit', label: 'unit' },
      { key: 'largest', label: 'largest |effect|', digits: 4 },
      { key: 'half', label: '|Δ| median', digits: 5 },
      { key: 'most', label: '|Δ| 95%', digits: 5 },
      { key: 'worst', label: '|Δ| largest', digits: 5 },
      { key: 'ranks', label: 'rank correlation', digits: 3 },
      { key: 'clear', label: 'cells above 95%' },
      { key: 'clearRanks', label: 'their rank correlation', digits: 3 },
      { key: 'top', label: 'same top 10' },
      { key: 'flips', label: 'top-1 flips' },
    ],
    rows,
    note:
      '|Δ| is the difference of a cell’s value between the formats, in the figure’s unit; the rank correlation is ' +
      'Spearman’s, over all cells and over those whose float32 effect is larger than |Δ| 95%; “same top 10” counts the ten strongest cells that are among the ten strongest ' +
      'of the other; a flip is a cell whose mark (another top-1 token, mostly) stands in one format only.',
  }
}

async function runStudy(study: string, dtype: Dtype): Promise<RunSnapshot> {
  const runsDir = mkdtempSync(join(tmpdir(), 'patchlight-bf16-'))
  const workbench = createWorkbench({ runsDir, backend: 'blas', dtype })
  try {
    const { presets } = await workbench.study(study)
    const preset = presets.find(candidate => candidate.for === 'embedded')?.id
    const { id } = await workbench.start({ study, ...(preset === undefined ? {} : { preset }) })
    for (;;) {
      const snapshot = await workbench.snapshot(id)
      if (snapshot.state === 'done') return snapshot
      if (snapshot.error !== null) throw new Error(`${study} in ${dtype}: ${snapshot.error}`)
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  } finally {
    await workbench.close()
    rmSync(runsDir, { recursive: true, force: true })
  }
}

type Figure = RunSnapshot['figures'][number]

function compare(full: Figure, half: Figure): Record<string, string | number> {
  const known = [...full.values.keys()].filter(i => Number.isFinite(full.values[i]) && Number.isFinite(half.values[i]))
  const a = known.map(i => full.values[i] ?? 0)
  const b = known.map(i => half.values[i] ?? 0)
  const gaps = a.map((value, i) => Math.abs(value - (b[i] ?? 0))).sort((x, y) => x - y)
  const at = (share: number) => gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))] ?? 0
  const strongest = (values: readonly number[]) =>
    new Set([...values.keys()].sort((x, y) => Math.abs(values[y] ?? 0) - Math.abs(values[x] ?? 0)).slice(0, 10))
  const others = strongest(b)
  const clear = [...a.keys()].filter(i => Math.abs(a[i] ?? 0) > at(0.95))
  const pick = (values: readonly number[]) => clear.map(i => values[i] ?? 0)
  return {
    figure: full.spec.id,
    unit: full.spec.unit,
    cells: known.length,
    largest: Math.max(...a.map(Math.abs)),
    half: at(0.5),
    most: at(0.95),
    worst: at(1),
    ranks: correlation(ranksOf(a), ranksOf(b)),
    clear: clear.length,
    clearRanks: correlation(ranksOf(pick(a)), ranksOf(pick(b))),
    top: [...strongest(a)].filter(i => others.has(i)).length,
    flips: full.marks.reduce((count, mark, i) => count + (mark === half.marks[i] ? 0 : 1), 0),
  }
}

/** Equal values share the mean of their ranks. */
function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((x, y) => (values[x] ?? 0) - (values[y] ?? 0))
  const ranks = new Array<number>(values.length).fill(0)
  for (let begin = 0; begin < order.length; ) {
    let end = begin
    while (end < order.length && values[order[end] ?? 0] === values[order[begin] ?? 0]) end++
    for (let i = begin; i < end; i++) ranks[order[i] ?? 0] = (begin + end - 1) / 2
    begin = end
  }
  return ranks
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  let [both, ownA, ownB] = [0, 0, 0]
  for (const [i, value] of a.entries()) {
    const [x, y] = [value - meanA, (b[i] ?? 0) - meanB]
    both += x * y
    ownA += x * x
    ownB += y * y
  }
  return both / Math.sqrt(ownA * ownB)
}

/** float32 as it is (dnnl_sgemm packs at every call), packed once, and bfloat16 packed once. */
async function rates(library: OneDnn, progress: (text: string) => void): Promise<Table> {
  const { name, sgemm } = findBlas()
  const rows: Record<string, string | number>[] = []
  for (const [inSize, outSize] of SIZES)
    for (const count of ROWS) {
      progress(`${count} rows, ${inSize} → ${outSize}`)
      const data = randomValues(inSize * outSize, 1)
      const x = randomValues(count * inSize, 2)
      const out = new Float32Array(count * outSize)
      const products = new Products(library)
      const packed = products.pack({ name: 'measured', inSize, outSize, data, transposed: false })
      const single = packedFloat32(library, data, x, out, inSize, outSize)
      const [plain, once, half] = sideBySide([
        () => sgemm(true, count, outSize, inSize, x, data, out),
        single.multiply,
        () => products.multiply(x, count, packed, out),
      ])
      const code = codeOf(library, count, inSize, outSize)
      single.end()
      packed.memory.end()
      products.dispose()
      const rate = (ms = Number.NaN) => (2 * count * inSize * outSize) / (ms * 1e6)
      const [base, f32Packed, bf16Packed] = [rate(plain), rate(once), rate(half)]
      rows.push({
        shape: `${inSize} → ${outSize}`,
        count,
        base,
        f32Packed: f32Packed / base,
        bf16Packed: bf16Packed / base,
        code,
      })
    }
  return {
    title: `Products by ${name}; bfloat16 by ${library.bfloat16} of the processor`,
    columns: [
      { key: 'shape', label: 'weight' },
      { key: 'count', label: 'rows' },
      { key: 'base', label: 'float32, GFLOP/s' },
      { key: 'f32Packed', label: 'float32 packed once, ×', digits: 2 },
      { key: 'bf16Packed', label: 'bfloat16 packed once, ×', digits: 2 },
      { key: 'code', label: 'oneDNN’s name for its code' },
    ],
    rows,
    note: 'Processor time, the three in turn, medians; bfloat16 includes the rounding of its rows.',
  }
}

/** How the library multiplies the packed bfloat16 weight; a matrix unit's has `amx` in it. */
function codeOf(library: OneDnn, rows: number, inSize: number, outSize: number): string {
  const packed = library.productOf(LAYOUT_ROWS, inSize, outSize, BF16)
  const product = library.productWith(rows, inSize, outSize, BF16, packed.right)
  for (const made of [product, packed]) made.end()
  return product.implementation
}

/** Milliseconds of each, in turn, so that what else the machine does falls on all. */
function sideBySide(products: readonly (() => void)[]): number[] {
  const times = products.map((): number[] => [])
  for (const product of products) product()
  const end = performance.now() + MIN_MS * products.length
  for (let round = 0; round < 5 || performance.now() < end; round++)
    for (const [i, product] of products.entries()) {
      const before = process.cpuUsage()
      product()
      const { user, system } = process.cpuUsage(before)
      times[i]?.push((user + system) / 1000)
    }
  return times.map(median)
}

/** The same primitive with float32 weights, which no backend uses: it is here to be measured. */
function packedFloat32(library: OneDnn, data: Float32Array, x: Float32Array, out: Float32Array, k: number, n: number) {
  const rows = x.length / k
  const product = library.productOf(rows, k, n, F32)
  const plain = library.matrix(k, n, F32, [1, k])
  const [left, result] = [library.matrix(rows, k, F32, [k, 1]), library.matrix(rows, n, F32, [n, 1])]
  const [from, given, taken] = [plain, left, result].map(({ descriptor }) => library.window(descriptor))
  if (from === undefined || given === undefined || taken === undefined) throw new Error('expected three windows')
  const packed = library.allocate(product.right)
  const packing = library.reorder(plain.descriptor, product.right)
  library.set(from, data)
  library.run(
    packing,
    new Arguments([
      [SOURCE, from],
      [RESULT, packed],
    ]),
  )
  const multiply = product.compile()
  const args = new Arguments([
    [SOURCE, given],
    [WEIGHTS, packed],
    [RESULT, taken],
  ])
  return {
    multiply: () => {
      library.set(given, x)
      library.set(taken, out)
      library.run(multiply, args)
    },
    end: () => {
      for (const made of [multiply, packing, packed, from, given, taken, left, result, plain, product]) made.end()
    },
  }
}
