/** `patchlight capture`: activations at hook points into a safetensors file. */
import { writeSafetensors } from '../../engine/checkpoint/write-safetensors.ts'
import { internalError, UsageError } from '../../engine/errors.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { checkPromptOptions, openModel, PROMPT_OPTIONS, promptIds } from './local-model.ts'
import { defineCommand } from './parse.ts'

export const capture = defineCommand({
  name: 'capture',
  summary: 'Writes the activations at hook points to a safetensors file.',
  details:
    'Each point becomes a float32 tensor of its name, with the position as its first axis (attention scores and\n' +
    'patterns are [head, query, key]); `ids` holds the token ids. The file’s metadata names every tensor’s axes.',
  arguments: [],
  options: {
    ...PROMPT_OPTIONS,
    points: {
      type: 'list',
      value: 'PATTERN[,…]',
      help: 'Hook points: full names, short forms such as L14H13, or patterns with *. May be repeated.',
    },
    out: { type: 'text', value: 'FILE', help: 'The safetensors file to write.' },
  },
  async run(options, _words, output) {
    checkPromptOptions('capture', options)
    const points = options.points.flatMap(list => list.split(',')).map(pattern => pattern.trim())
    if (points.length === 0) throw new UsageError('capture: expected --points PATTERN[,…]')
    if (points.includes('')) throw new UsageError('capture --points: a pattern is empty')
    if (options.out === undefined) throw new UsageError('capture: expected --out FILE')
    const model = await openModel(options, output)
    try {
      const ids = promptIds(model, options)
      const [result] = await runWithHooks(model, [{ ids }], { capture: points })
      if (result === undefined) throw internalError('no capture')
      const captured = [...result.capture.entries()]
      await writeSafetensors(
        options.out,
        [
          ...captured.map(([name, { shape, data }]) => ({ name, shape, data })),
          { name: 'ids', shape: [ids.length], data: Int32Array.from(ids) },
        ],
        Object.fromEntries(captured.map(([name, { axes }]) => [`axes ${name}`, axes.join(',')])),
      )
      output.line(`${captured.length} points at ${ids.length} positions in ${options.out}`)
      return 0
    } finally {
      await model.dispose()
    }
  },
})
