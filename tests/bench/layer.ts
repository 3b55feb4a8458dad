/**
 * One layer of small and large models on every backend, in turns: what the choice of a backend rests
 * on (`engine/trial.ts`), with the processor's time beside the clock's. The clock says what a person
 * waits; the processor's time can be compared also where other work has the machine.
 */
import { selectBackend } from '../../engine/backends/select.ts'
import { type BlockSizes, TRIAL_ROWS, Trial } from '../../engine/trial.ts'
import { usableBackends } from './backends.ts'
import { type Bench, median, type Table } from './table.ts'

const MODELS: readonly { readonly model: string; readonly sizes: BlockSizes }[] = [
  { model: 'demo, 192 wide', sizes: { dModel: 192, heads: 6, kvHeads: 2, dHead: 32, dMlp: 128 } },
  { model: '576 wide', sizes: { dModel: 576, heads: 9, kvHeads: 3, dHead: 64, dMlp: 1536 } },
  { model: '2,048 wide', sizes: { dModel: 2048, heads: 32, kvHeads: 8, dHead: 64, dMlp: 8192 } },
]
const ROUNDS = 7

interface Timed {
  readonly clock: number[]
  readonly processor: number[]
}

export const layer: Bench = {
  name: 'layer',
  async run({ backend: only, progress }): Promise<Table[]> {
    const usable = await usableBackends(only)
    const rows: Record<string, string | number>[] = []
    for (const { model, sizes } of MODELS) {
      progress(model)
      const timed = new Map<string, Timed>(usable.map(({ name }) => [name, { clock: [], processor: [] }]))
      const trial = new Trial(sizes, { whole: true })
      for (let round = 0; round <= ROUNDS; round++) {
        for (const { name } of usable) {
          const backend = await selectBackend(name)
          const before = process.cpuUsage()
          const ms = trial.time(backend)
          const { user, system } = process.cpuUsage(before)
          // The first round warms up.
          if (round === 0) continue
          timed.get(name)?.clock.push(ms)
          timed.get(name)?.processor.push((user + system) / 1000)
        }
      }
      const of = (name: string) => timed.get(name) ?? { clock: [], processor: [] }
      for (const { name } of usable) {
        trial.release(await selectBackend(name))
        const [clock, processor] = [median(of(name).clock), median(of(name).processor)]
        const ratio = median(of('wasm').processor) / processor
        rows.push({ model, backend: name, clock, processor, ratio })
      }
    }
    return [
      {
        title: `One layer on ${TRIAL_ROWS} tokens in 8 lanes, float32`,
        columns: [
          { key: 'model', label: 'layer' },
          { key: 'backend', label: 'backend' },
          { key: 'clock', label: 'ms', digits: 1 },
          { key: 'processor', label: 'processor, ms', digits: 1 },
          { key: 'ratio', label: 'processor ×wasm', digits: 2 },
        ],
        rows,
        note: 'Medians of seven, the backends in turns. The processor’s time is that of all threads together.',
      },
    ]
  },
}
