/**
 * Sweeps (a) and (c) in bfloat16 beside float32, each case in both formats in turn: how many times as fast,
 * what of that is products with weights, and what the weights take. `--large` runs them whole; else every
 * fourth patch of (a) and every eighth of (c), which makes fewer slices of the same sizes.
 */
import { measureRate } from '../../engine/backends/measure.ts'
import { createBfloat16Backend } from '../../engine/backends/onednn/bfloat16.ts'
import { selectBackend } from '../../engine/backends/select.ts'
import type { Backend } from '../../engine/backends/types.ts'
import type { Model } from '../../engine/model.ts'
import { prepareSweep } from '../../hooks/sweep/execute.ts'
import { type Case, casesOf, randomModel } from './llama-1b-sweeps.ts'
import type { Table } from './table.ts'

/** One patch of so many is run. */
const EVERY = { a: 4, c: 8 } as const

interface Timed {
  readonly seconds: number
  readonly gflops: number
  /** In products with weights. */
  readonly products: number
}

export async function bfloat16Sweeps(large: boolean, progress: (text: string) => void): Promise<Table> {
  progress('making 5 GB of random weights, and packing them')
  const float32 = await selectBackend('blas')
  const bfloat16 = await createBfloat16Backend(float32)
  const random = await randomModel()
  const rows: Record<string, string | number>[] = []
  try {
    const models = [float32, bfloat16].map(backend => ({ backend, watch: watched(backend) }))
    const [full, half] = models.map(({ backend, watch }) => ({
      model: { ...random.on(backend), backend: watch.backend },
      seconds: watch.seconds,
      gflops: measureRate(backend, { rows: 192, size: 1024 }),
    }))
    if (full === undefined || half === undefined) throw new Error('expected two formats')
    for (const item of casesOf(full.model)) {
      if (item.name.startsWith('(b)')) continue
      const some = large ? item : sample(item)
      progress(`${item.name}: float32`)
      const f32 = await timed(full, some)
      progress(`${item.name}: bfloat16`)
      const bf16 = await timed(half, some)
      rows.push({
        case: item.name,
        patches: some.base.patches.length,
        full: f32.seconds,
        half: bf16.seconds,
        gflops: f32.gflops,
        faster: f32.seconds / bf16.seconds,
        products: f32.products / bf16.products,
        rest: bf16.seconds - bf16.products,
        most: f32.seconds / (bf16.seconds - bf16.products),
        memory: bfloat16.packedBytes() / random.bytes,
      })
    }
  } finally {
    await random.dispose()
  }
  return {
    title: `Sweeps on Llama-3.2-1B's shape in bfloat16 against float32, weights ${Math.round(random.bytes / 1e6).toLocaleString('en')} MB as float32`,
    columns: [
      { key: 'case', label: 'sweep' },
      { key: 'patches', label: 'patches' },
      { key: 'full', label: 'float32, s', digits: 1 },
      { key: 'gflops', label: 'GFLOP/s' },
      { key: 'half', label: 'bfloat16, s', digits: 1 },
      { key: 'faster', label: 'faster, ×', digits: 2 },
      { key: 'products', label: 'products alone, ×', digits: 2 },
      { key: 'rest', label: 'all else, s', digits: 1 },
      { key: 'most', label: 'at most, ×', digits: 1 },
      { key: 'memory', label: 'weights, of float32', digits: 3 },
    ],
    rows,
    note:
      'By the clock. All else: the time of the bfloat16 sweep outside products with weights, which stays float32; at most: how ' +
      'many times as fast the sweep would be if those products took no time.',
  }
}

function sample({ name, base }: Case): Case {
  const every = name.startsWith('(a)') ? EVERY.a : EVERY.c
  return { name, base: { ...base, patches: base.patches.filter((_, index) => index % every === 0) } }
}

/** A backend that counts the seconds of its products with weights. */
function watched(backend: Backend): { backend: Backend; seconds(): number } {
  let ms = 0
  const linear: Backend['linear'] = (x, weight) => {
    const begin = performance.now()
    const out = backend.linear(x, weight)
    ms += performance.now() - begin
    return out
  }
  return { backend: { ...backend, linear }, seconds: () => ms / 1000 }
}

interface Watched {
  readonly model: Model
  readonly gflops: number
  seconds(): number
}

async function timed({ model, gflops, seconds }: Watched, { base }: Case): Promise<Timed> {
  const [begin, before] = [performance.now(), seconds()]
  const sweep = await prepareSweep(model, { bases: [base], gflops })
  try {
    for await (const results of sweep.run()) if (results.length === 0) throw new Error('expected results of a slice')
  } finally {
    sweep.dispose()
  }
  const took = (performance.now() - begin) / 1000
  return { seconds: took, gflops: sweep.plan.flops / 1e9 / took, products: seconds() - before }
}
