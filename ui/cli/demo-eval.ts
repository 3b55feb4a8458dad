/** `patchlight demo-eval`: how well the embedded model knows what it was taught; the figures of its card. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { internalError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { BACKEND_OPTION, DTYPE_OPTION, JSON_OPTION } from './common-options.ts'
import { openModel } from './local-model.ts'
import { defineCommand } from './parse.ts'
import { textTable } from './text-table.ts'

const EVAL_FILE = new URL('../../engine/demo/eval.json', import.meta.url)

const itemSchema = z.object({ task: z.string(), heldOut: z.string(), prompt: z.string(), answer: z.string() })
type Item = z.infer<typeof itemSchema>

interface Question extends Item {
  readonly promptIds: readonly number[]
  readonly answerIds: readonly number[]
}

function argmax(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i
  return best
}

/** Whether greedy decoding gives each answer: with the answer itself fed in, that is the same question at every step. */
async function answered(model: Model, questions: readonly Question[]): Promise<Map<Question, boolean>> {
  const right = new Map<Question, boolean>()
  for (const length of new Set(questions.map(question => question.answerIds.length))) {
    const same = questions.filter(question => question.answerIds.length === length)
    const positions = Array.from({ length }, (_, i) => i - length)
    const runs = same.map(({ promptIds, answerIds }) => ({ ids: [...promptIds, ...answerIds.slice(0, -1)] }))
    const results = await runWithHooks(model, runs, { logits: positions })
    same.forEach((question, i) => {
      const { logits } = results[i] ?? {}
      if (logits === undefined) throw internalError('a question without an answer')
      right.set(
        question,
        question.answerIds.every((id, step) => argmax(logits[step] ?? new Float32Array()) === id),
      )
    })
  }
  return right
}

export const demoEval = defineCommand({
  name: 'demo-eval',
  summary: 'Measures the embedded model on its own questions: how many it answers exactly, by task.',
  arguments: [],
  options: { backend: BACKEND_OPTION, dtype: DTYPE_OPTION, json: JSON_OPTION },
  async run(options, _words, output) {
    const items = z.array(itemSchema).parse(JSON.parse(readFileSync(EVAL_FILE, 'utf8')))
    const model = await openModel({ model: undefined, backend: options.backend, dtype: options.dtype }, output)
    try {
      const { tokenizer } = model
      const questions = items.map((item): Question => {
        const answerIds = tokenizer.encode(item.answer, { specialTokens: false })
        return { ...item, promptIds: tokenizer.encode(item.prompt), answerIds }
      })
      const right = await answered(model, questions)
      const groups = new Map<string, { task: string; heldOut: string; right: number; total: number }>()
      for (const question of questions) {
        const { task, heldOut } = question
        const group = groups.get(`${task}|${heldOut}`) ?? { task, heldOut, right: 0, total: 0 }
        group.total++
        if (right.get(question) === true) group.right++
        groups.set(`${task}|${heldOut}`, group)
      }
      const results = [...groups.values()].map(group => ({ ...group, accuracy: group.right / group.total }))
      if (options.json) output.json({ model: model.name, backend: model.backend.library, results })
      else {
        const rows = results.map(group => [
          group.task,
          group.heldOut,
          `${group.right}/${group.total}`,
          `${(100 * group.accuracy).toFixed(1)}%`,
        ])
        for (const line of textTable(['task', 'held out', 'right', 'accuracy'], rows, [false, false, true, true])) {
          output.line(line)
        }
      }
      return 0
    } finally {
      await model.dispose()
    }
  },
})
