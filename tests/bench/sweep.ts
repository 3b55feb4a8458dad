/**
 * Sweeps on Llama-3.2-1B's shape against the plain loop of full forward passes, in one process. The
 * plain loop is timed on a sample of patches spread over the sweep; the sweep is run whole. The share
 * compares the sweep's necessary operations a second with the library's own rate for the same
 * matrices at 1,024 rows, measured before and after.
 */
import { findBlas } from '../../engine/backends/libraries.ts'
import { measureRate } from '../../engine/backends/measure.ts'
import { selectBackend } from '../../engine/backends/select.ts'
import type { Backend, Weight } from '../../engine/backends/types.ts'
import type { Model } from '../../engine/model.ts'
import { prepareSweep } from '../../hooks/sweep/execute.ts'
import { runPlain } from '../../hooks/sweep/plain.ts'
import { randomValues } from '../support/random.ts'
import { usableBackends } from './backends.ts'
import { matricesOf } from './llama-1b.ts'
import { type Case, casesOf, randomModel, TOKENS } from './llama-1b-sweeps.ts'
import { type Bench, median, type Table } from './table.ts'

/** Patches of the plain loop that are timed. */
const SAMPLE = 3

export const sweep: Bench = {
  name: 'sweep',
  async run({ backend: only, progress }): Promise<Table[]> {
    const wanted = (await usableBackends(only)).filter(({ name }) => only !== undefined || name === 'blas')
    progress('making 5 GB of random weights')
    const random = await randomModel()
    const rows: Record<string, string | number>[] = []
    try {
      for (const { name } of wanted) {
        const backend = await selectBackend(name)
        const model = random.on(backend)
        const rate = () => libraryRate(backend, random.layers.slice(0, 2).flatMap(matricesOf))
        for (const item of casesOf(model)) rows.push({ backend: name, ...(await measure(model, item, rate, progress)) })
        backend.dispose()
      }
    } finally {
      await random.dispose()
    }
    return [
      {
        title: `Sweeps on Llama-3.2-1B's shape, ${TOKENS} tokens, float32`,
        columns: [
          { key: 'backend', label: 'backend' },
          { key: 'case', label: 'sweep' },
          { key: 'patches', label: 'patches' },
          { key: 'tflop', label: 'TFLOP', digits: 2 },
          { key: 'seconds', label: 'sweep, s', digits: 1 },
          { key: 'first', label: 'first, s', digits: 2 },
          { key: 'gap', label: 'longest gap, s', digits: 2 },
          { key: 'rate', label: 'GFLOP/s', digits: 0 },
          { key: 'library', label: 'library', digits: 0 },
          { key: 'share', label: 'share', digits: 2 },
          { key: 'plain', label: 'plain loop, s (est.)', digits: 0 },
          { key: 'speedup', label: 'faster', digits: 1 },
          { key: 'fewer', label: 'fewer FLOP', digits: 1 },
          { key: 'difference', label: 'largest |sweep − plain|', digits: 7 },
        ],
        rows,
        note:
          `TFLOP: what the plan says is necessary. Plain loop: ${SAMPLE} patches timed, times their number. ` +
          'Library: the same matrices at 1,024 rows, before and after each sweep, the mean.',
      },
    ]
  },
}

async function measure(model: Model, { name, base }: Case, rate: () => number, progress: (text: string) => void) {
  progress(`${name}: plain loop, a sample`)
  const step = Math.floor(base.patches.length / SAMPLE)
  const sample = Array.from({ length: SAMPLE }, (_, i) => i * step)
  const plainValues = new Map<number, number>()
  const plainSeconds: number[] = []
  for (const index of sample) {
    const patch = base.patches[index]
    if (patch === undefined) continue
    const begin = performance.now()
    for await (const { values } of runPlain(model, { bases: [{ ...base, patches: [patch] }] }))
      plainValues.set(index, values[0] ?? Number.NaN)
    plainSeconds.push((performance.now() - begin) / 1000)
  }
  const before = rate()
  progress(`${name}: the sweep`)
  // Slices without a rate would have no end but memory's.
  const gflops = Number.isNaN(before) ? measureRate(model.backend, { rows: 192, size: 1024 }) : before
  const begin = performance.now()
  const prepared = await prepareSweep(model, { bases: [base], gflops })
  let last = performance.now()
  let first = 0
  let gap = 0
  let difference = 0
  let count = 0
  try {
    for await (const results of prepared.run()) {
      const now = performance.now()
      if (first === 0) first = (now - begin) / 1000
      gap = Math.max(gap, (now - last) / 1000)
      last = now
      for (const { patch, values } of results) {
        count++
        const plain = plainValues.get(patch)
        if (plain !== undefined) difference = Math.max(difference, Math.abs(plain - (values[0] ?? Number.NaN)))
      }
    }
  } finally {
    prepared.dispose()
  }
  const seconds = (performance.now() - begin) / 1000
  const library = (before + rate()) / 2
  const { flops, plainFlops } = prepared.plan
  const plain = median(plainSeconds) * base.patches.length
  return {
    case: name,
    patches: count,
    tflop: flops / 1e12,
    seconds,
    first,
    gap,
    rate: flops / 1e9 / seconds,
    library,
    share: flops / 1e9 / seconds / library,
    plain,
    speedup: plain / seconds,
    fewer: plainFlops / flops,
    difference,
  }
}

/** GFLOP/s of the library over some matrices at 1,024 rows: the best of three rounds. */
function libraryRate(backend: Backend, matrices: readonly Weight[]): number {
  if (backend.name !== 'blas') return Number.NaN
  const { sgemm } = findBlas()
  const rows = 1024
  const widest = Math.max(...matrices.flatMap(({ inSize, outSize }) => [inSize, outSize]))
  const input = randomValues(rows * widest, 2)
  const output = new Float32Array(rows * widest)
  const flops = matrices.reduce((sum, { inSize, outSize }) => sum + 2 * rows * inSize * outSize, 0)
  const rounds = Array.from({ length: 3 }, () => {
    const begin = performance.now()
    for (const { inSize, outSize, data } of matrices) sgemm(true, rows, outSize, inSize, input, data, output)
    return performance.now() - begin
  })
  return flops / 1e6 / Math.min(...rounds)
}
