/** `patchlight models`: the models that are here, and whether this machine can hold them. */
import { byteText } from '../../engine/byte-text.ts'
import { snapshotName } from '../../engine/checkpoint/hub/cache.ts'
import { fitsMemory, usableMemory, weightMemory } from '../../engine/checkpoint/memory.ts'
import { createWorkbench } from '../../studies/runs/workbench.ts'
import type { ModelInfo } from '../../studies/runs/workbench-types.ts'
import { JSON_OPTION } from './common-options.ts'
import { defineCommand } from './parse.ts'
import { textTable } from './text-table.ts'

function weightCount(parameters: number): string {
  if (parameters >= 1e9) return `${(parameters / 1e9).toFixed(1)} B`
  return parameters >= 1e6 ? `${(parameters / 1e6).toFixed(1)} M` : `${Math.ceil(parameters / 1000)} k`
}

function withMemory(model: ModelInfo, usableBytes: number) {
  const source = model.embedded ? 'embedded' : snapshotName(model.dir) === null ? 'folder' : 'hub'
  const { parameters } = model
  return { ...model, source, memoryBytes: weightMemory(parameters), fits: fitsMemory(parameters, usableBytes) }
}

export const models = defineCommand({
  name: 'models',
  summary: 'Lists the models that are here: embedded, in folders, and pulled from the Hub.',
  details:
    'Memory is what the weights take as float32; a model fits where this machine has that and 1 GB to run it;\n' +
    'one that does not is read from disk layer by layer, where its widest layer fits.\n' +
    'With --json: [{name, dir, source, family, parameters, bytes, memoryBytes, fits, layers, heads, …}].',
  arguments: [],
  options: {
    model: {
      type: 'list',
      value: 'DIR',
      help: 'A checkpoint folder to list too; may be repeated. See also PATCHLIGHT_MODELS.',
    },
    json: JSON_OPTION,
  },
  async run(options, _words, output) {
    const workbench = createWorkbench({ models: options.model, onProblem: text => output.say(`Left out: ${text}`) })
    try {
      const usableBytes = usableMemory()
      const list = (await workbench.models()).map(model => withMemory(model, usableBytes))
      if (options.json) {
        output.json(list)
        return 0
      }
      const rows = list.map(({ name, family, parameters, bytes, memoryBytes, fits, source, dir }) => [
        name,
        family,
        weightCount(parameters),
        byteText(bytes),
        byteText(memoryBytes),
        fits ? 'yes' : 'no',
        source === 'folder' ? dir : source,
      ])
      const heads = ['model', 'family', 'weights', 'on disk', 'memory', 'fits', 'where']
      for (const line of textTable(heads, rows, [false, false, true, true, true])) output.line(line)
      output.line(
        output.dim(`This machine has ${byteText(usableBytes)} of memory. patchlight pull OWNER/NAME fetches more.`),
      )
      return 0
    } finally {
      await workbench.close()
    }
  },
})
