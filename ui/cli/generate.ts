/** `patchlight generate`: lets the model go on from a prompt, token by token. */
import { DEFAULT_MAX_TOKENS, generate as generateTokens } from '../../engine/generate.ts'
import { given, JSON_OPTION } from './common-options.ts'
import { checkPromptOptions, openModel, PROMPT_OPTIONS, promptIds } from './local-model.ts'
import { defineCommand } from './parse.ts'

const MAX_SEED = 2 ** 32 - 1

export const generate = defineCommand({
  name: 'generate',
  summary: 'Lets the model go on from a prompt.',
  details: 'With --json: {ids, generated, text, finish}; finish is eos, stop, length or context.',
  arguments: [],
  options: {
    ...PROMPT_OPTIONS,
    'max-tokens': {
      type: 'number',
      value: 'N',
      min: 1,
      max: 1_000_000,
      help: `How many tokens at most. Default: ${DEFAULT_MAX_TOKENS}.`,
    },
    temperature: { type: 'number', value: 'T', min: 0, max: 100, fraction: true, help: '0 is greedy. Default: 0.' },
    'top-k': { type: 'number', value: 'K', min: 1, max: 1_000_000, help: 'Draw from the K likeliest tokens only.' },
    'top-p': {
      type: 'number',
      value: 'P',
      min: 0,
      max: 1,
      fraction: true,
      help: 'Draw from the fewest tokens whose probabilities sum to P. Default: 1.',
    },
    seed: { type: 'number', value: 'N', min: 0, max: MAX_SEED, help: 'Seed of the drawing. Default: 0.' },
    stop: { type: 'list', value: 'TEXT', help: 'End before this text; may be repeated.' },
    json: JSON_OPTION,
  },
  async run(options, _words, output) {
    checkPromptOptions('generate', options)
    const model = await openModel(options, output)
    const controller = new AbortController()
    const stop = () => controller.abort()
    process.once('SIGINT', stop)
    try {
      const ids = promptIds(model, options)
      const tokens = generateTokens(model, ids, {
        stop: options.stop,
        signal: controller.signal,
        ...given('maxTokens', options['max-tokens']),
        ...given('temperature', options.temperature),
        ...given('topK', options['top-k']),
        ...given('topP', options['top-p']),
        ...given('seed', options.seed),
      })
      const generated: number[] = []
      let text = ''
      let step = await tokens.next()
      for (; step.done !== true; step = await tokens.next()) {
        generated.push(step.value.id)
        text += step.value.text
        if (!options.json) output.write(step.value.text)
      }
      if (options.json) output.json({ ids, generated, text, finish: step.value })
      else output.line()
      return 0
    } catch (error) {
      if (!controller.signal.aborted) throw error
      if (!options.json) output.line()
      return 130
    } finally {
      process.off('SIGINT', stop)
      await model.dispose()
    }
  },
})
