/** Loads the checkpoint named on the command line, runs it once, and prints one line of JSON. */

import { embed, runLayers, unembed } from '../../engine/forward.ts'
import { batchOf } from '../../engine/lanes.ts'
import { loadModel } from '../../engine/load.ts'

const [dir] = process.argv.slice(2)
if (dir === undefined) throw new Error('load-child: expected a checkpoint folder, got nothing')

const begin = performance.now()
const model = await loadModel(dir)
const loaded = performance.now()
const ids = [0, 1, 2, 3, 4, 5, 6, 7]
const batch = batchOf([{ start: 0, length: ids.length, prefix: null }])
const stream = await runLayers(model, embed(model, ids, batch), batch)
const logits = unembed(model, stream, batch, [ids.length - 1])
model.backend.view(logits)
const done = performance.now()

const MB = 1e6
const weightsMb = (model.parameters * 4) / MB
const peakMb = (process.resourceUsage().maxRSS * 1024) / MB
console.log(
  JSON.stringify({
    backend: model.backend.name,
    loadMs: loaded - begin,
    forwardMs: done - loaded,
    weightsMb,
    peakMb,
    ratio: peakMb / weightsMb,
  }),
)
await model.dispose()
