/**
 * The steering sweep on the checkpoint named on the command line, in a process of its own: every layer's
 * residual stream, attention and MLP output and every head, at the last position, from one question into
 * one neutral prompt. Prints one line of JSON.
 */
import { loadModel } from '../../engine/load.ts'
import { prepareSweep } from '../../hooks/sweep/execute.ts'
import type { Patch } from '../../hooks/sweep/types.ts'

const [dir] = process.argv.slice(2)
if (dir === undefined) throw new Error('large-child: expected a checkpoint folder, got nothing')

const begin = performance.now()
const model = await loadModel(dir, { residency: 'disk' })
const loaded = performance.now()
process.stderr.write(`${model.weightsNote}\n`)

const reads = new Map<string, number>()
let bytes = 0
const { checkpoint } = model
const readStored = checkpoint.readStored.bind(checkpoint)
Object.assign(checkpoint, {
  readStored: (name: string, into: Uint8Array, offset?: number) => {
    reads.set(name, (reads.get(name) ?? 0) + 1)
    bytes += into.length
    return readStored(name, into, offset)
  },
})

const question = Array.from({ length: 14 }, (_, i) => 3 + ((i * 7) % 50))
const neutral = Array.from({ length: 9 }, (_, i) => 4 + ((i * 11) % 50))
const set = { from: question, position: -1 }
const { layers, heads } = model.spec
const patches: Patch[] = layers.flatMap((_, layer) => [
  ...['hook_resid_post', 'hook_attn_out', 'hook_mlp_out'].map(site => ({
    interventions: [{ at: `blocks.${layer}.${site}`, position: -1, set }],
  })),
  ...Array.from({ length: heads }, (_, head) => ({ interventions: [{ at: `L${layer}H${head}`, position: -1, set }] })),
])
const metrics = [{ kind: 'log_prob', tokens: [5, 6] } as const, { kind: 'log_prob', tokens: [7, 8] } as const]

// What a layer takes is seen as it goes by; the process's own peak is the figure that counts.
const count = layers.length
const show = setInterval(() => {
  const layer = [...reads.keys()].length
  process.stderr.write(`${Math.round((performance.now() - loaded) / 1000)} s: ${layer} tensors read of ${9 * count}\n`)
}, 30_000)
const sweep = await prepareSweep(model, { bases: [{ ids: neutral, patches, metrics }] })
let results = 0
let changed = 0
for await (const part of sweep.run())
  for (const { base, values } of part) {
    results++
    if (!values.every(Number.isFinite)) throw new Error('large-child: a metric that is not finite')
    if (values.some((value, i) => value !== sweep.baseValues[base]?.[i])) changed++
  }
const done = performance.now()
clearInterval(show)
sweep.dispose()

console.log(
  JSON.stringify({
    backend: model.backend.name,
    layers: count,
    patches: results,
    changed,
    loadS: (loaded - begin) / 1000,
    sweepS: (done - loaded) / 1000,
    tflop: sweep.plan.flops / 1e12,
    gflops: sweep.plan.flops / 1e6 / (done - loaded),
    readGb: bytes / 1e9,
    mostReads: Math.max(...reads.values()),
    tensors: reads.size,
    peakGb: (process.resourceUsage().maxRSS * 1024) / 1e9,
  }),
)
await model.dispose()
