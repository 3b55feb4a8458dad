/** `patchlight verify`: whether a model's numbers hang together on this machine, without any reference. */
import { PatchlightError } from '../../engine/errors.ts'
import { INVARIANTS, type VerifyOptions, verifyModel } from '../../hooks/invariants/verify.ts'
import { BACKEND_OPTION, JSON_OPTION, MODEL_OPTION } from './common-options.ts'
import { openModel } from './local-model.ts'
import { defineCommand } from './parse.ts'
import { textTable } from './text-table.ts'

export const verify = defineCommand({
  name: 'verify',
  summary: 'Checks that a model computes what any transformer must, on this machine.',
  details:
    'Errors are the largest difference as part of the largest value. With --json: {model, family, backend, ok,\n' +
    'findings: [{name, what, worst, tolerance, ok}]}. The exit code is 1 if something does not hold.',
  arguments: [],
  options: {
    model: MODEL_OPTION,
    prompt: {
      type: 'list',
      value: 'TEXT',
      help: 'A prompt to check with; may be repeated. Default: two of random tokens.',
    },
    backend: BACKEND_OPTION,
    json: JSON_OPTION,
  },
  async run(options, _words, output) {
    const model = await openModel(options, output)
    try {
      const prompts = options.prompt.map(text => model.tokenizer.encode(text))
      let done = 0
      output.status(`checking ${INVARIANTS[0]?.name}`)
      const given: VerifyOptions = {
        onFinding: () => {
          done++
          output.status(`checking ${INVARIANTS[done]?.name ?? ''} (${done} of ${INVARIANTS.length} done)`)
        },
        ...(prompts.length === 0 ? {} : { prompts }),
      }
      const findings = await verifyModel(model, given)
      output.status('')
      const failed = findings.filter(finding => !finding.ok)
      if (options.json) {
        const { spec, backend } = model
        output.json({ model: model.dir, family: spec.family, backend: backend.name, ok: failed.length === 0, findings })
      } else {
        output.line(
          `${output.bold(model.name)} (${model.spec.family}) on ${model.backend.name}, ${model.backend.library}`,
        )
        const rows = findings.map(({ name, what, worst, tolerance, ok }) => [
          ok ? 'holds' : 'FAILS',
          name,
          worst.toExponential(1),
          tolerance.toExponential(0),
          what,
        ])
        for (const line of textTable(['', 'invariant', 'error', 'allowed', 'what'], rows, [false, false, true, true]))
          output.line(line)
      }
      if (failed.length > 0)
        throw new PatchlightError(
          `verify: ${failed.map(finding => finding.name).join(', ')} ${failed.length === 1 ? 'does' : 'do'} not hold: ` +
            `numbers of this model on ${model.backend.name} cannot be trusted (try another --backend)`,
        )
      return 0
    } finally {
      await model.dispose()
    }
  },
})
