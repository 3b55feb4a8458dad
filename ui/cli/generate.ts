/** `patchlight generate`: lets the model go on from a prompt, token by token. */
import { readFileSync } from 'node:fs'
import { UsageError } from '../../engine/errors.ts'
import {
  DEFAULT_MAX_TOKENS,
  type FinishReason,
  type GeneratedToken,
  generate as generateTokens,
} from '../../engine/generate.ts'
import { generateWithHooks } from '../../hooks/generate-with-hooks.ts'
import { type Intervention, parseInterventions } from '../../hooks/intervention.ts'
import { given, JSON_OPTION } from './common-options.ts'
import { checkPromptOptions, openModel, PROMPT_OPTIONS, promptIds } from './local-model.ts'
import { defineCommand } from './parse.ts'

const MAX_SEED = 2 ** 32 - 1

export const generate = defineCommand({
  name: 'generate',
  summary: 'Lets the model go on from a prompt.',
  details:
    'With --interventions the text is written twice, as it is and steered, drawn with the same seed. With --json: {ids, ' +
    'generated, text, finish, steered?: {generated, text, finish}}; finish is eos, stop, length or context.',
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
    interventions: {
      type: 'text',
      value: 'JSON',
      help: 'Interventions that hold at every step, as a JSON array or @FILE: [{"at": "L3H2", "set": {"zero": true}}].',
    },
    json: JSON_OPTION,
  },
  async run(options, _words, output) {
    checkPromptOptions('generate', options)
    if (options['top-p'] === 0) throw new UsageError('generate --top-p: expected a number above 0, up to 1, got 0')
    const interventions = options.interventions === undefined ? null : readInterventions(options.interventions)
    const model = await openModel(options, output)
    const controller = new AbortController()
    const stop = () => controller.abort()
    process.once('SIGINT', stop)
    try {
      const ids = promptIds(model, options)
      const how = {
        stop: options.stop,
        signal: controller.signal,
        ...given('maxTokens', options['max-tokens']),
        ...given('temperature', options.temperature),
        ...given('topK', options['top-k']),
        ...given('topP', options['top-p']),
        ...given('seed', options.seed),
      }
      const write = (text: string) => {
        if (!options.json) output.write(text)
      }
      if (interventions === null) {
        const plain = await collect(generateTokens(model, ids, how), write)
        if (options.json) output.json({ ids, ...plain })
        else output.line()
        return 0
      }
      const hooked = generateWithHooks(model, ids, { ...how, interventions })
      try {
        // Before a word is written, since it may be refused.
        const first = await hooked.next()
        write('unsteered: ')
        const plain = await collect(generateTokens(model, ids, how), write)
        write('\nsteered:   ')
        const steered = await collect(hooked, write, first)
        if (options.json) output.json({ ids, ...plain, steered })
        else output.line()
      } finally {
        // Frees its keys and values where it was left early; the value is nobody's.
        await hooked.return('length')
      }
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

interface Written {
  readonly generated: readonly number[]
  readonly text: string
  readonly finish: FinishReason
}

/** Takes all tokens, handing on each one's text as it comes; `first` is a step that was taken already. */
async function collect(
  tokens: AsyncGenerator<GeneratedToken, FinishReason, undefined>,
  write: (text: string) => void,
  first?: IteratorResult<GeneratedToken, FinishReason>,
): Promise<Written> {
  const generated: number[] = []
  let text = ''
  let step = first ?? (await tokens.next())
  for (; step.done !== true; step = await tokens.next()) {
    generated.push(step.value.id)
    text += step.value.text
    write(step.value.text)
  }
  return { generated, text, finish: step.value }
}

/** A JSON array, or the file that holds one. */
function readInterventions(given: string): Intervention[] {
  let json: unknown
  try {
    json = JSON.parse(given.startsWith('@') ? readFileSync(given.slice(1), 'utf8') : given)
  } catch (error) {
    throw new UsageError(
      `--interventions: expected a JSON array or @FILE, got ${error instanceof Error ? error.message : error}`,
    )
  }
  return parseInterventions(json)
}
