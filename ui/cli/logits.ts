/** `patchlight logits`: what the model expects after a prompt. */
import { internalError } from '../../engine/errors.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { topTokensOf } from '../../studies/runs/top-tokens.ts'
import { JSON_OPTION } from './common-options.ts'
import { checkPromptOptions, openModel, PROMPT_OPTIONS, promptIds } from './local-model.ts'
import { defineCommand } from './parse.ts'
import { numberText } from './run-report.ts'
import { textTable } from './text-table.ts'

const DEFAULT_TOP = 10

export const logits = defineCommand({
  name: 'logits',
  summary: 'Shows the likeliest next tokens after a prompt.',
  details:
    'With --json: {ids, tokens, top: [{id, token, logit, prob}], logits}; logits, the whole vector, only with --all.',
  arguments: [],
  options: {
    ...PROMPT_OPTIONS,
    top: { type: 'number', value: 'K', min: 1, max: 1_000_000, help: `How many tokens. Default: ${DEFAULT_TOP}.` },
    all: { type: 'switch', help: 'With --json, add the logits of the whole vocabulary.' },
    json: JSON_OPTION,
  },
  async run(options, _words, output) {
    checkPromptOptions('logits', options)
    const model = await openModel(options, output)
    try {
      const ids = promptIds(model, options)
      const [result] = await runWithHooks(model, [{ ids }], { logits: [-1] })
      const last = result?.logits[0]
      if (last === undefined) throw internalError('no logits of the last position')
      const tokens = ids.map(id => model.tokenizer.label(id))
      const best = topTokensOf(last, options.top ?? DEFAULT_TOP, model.tokenizer)
      const top = best.map(({ id, label, logit, prob }) => ({ id, token: label, logit, prob }))
      if (options.json) output.json({ ids, tokens, top, ...(options.all ? { logits: [...last] } : {}) })
      else {
        output.line(output.dim(tokens.join(' ')))
        const rows = top.map(({ id, token, logit, prob }) => [token, String(id), numberText(logit), numberText(prob)])
        for (const line of textTable(['token', 'id', 'logit', 'probability'], rows, [false, true, true, true]))
          output.line(line)
      }
      return 0
    } finally {
      await model.dispose()
    }
  },
})
