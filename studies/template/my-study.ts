/**
 * A study of your own. Save it and the page's form follows; `patchlight run FILE` runs it from the
 * command line. This one works as it is: at each layer and position it takes the MLP's output away
 * and watches the probability of one answer. Change what is patched, and you have your own question.
 */
import { prepareSweep } from 'patchlight/hooks'
import { answerTokens, defineStudy, encodePrompt, labels } from 'patchlight/studies'

export default defineStudy({
  // The command line's name for it: small letters and hyphens. No other study may have it.
  id: 'my-study',
  title: 'My study',
  question: 'At which layers and positions does the answer need the MLP?',
  about:
    'Each MLP output is set to zero at one position at a time; the change of the answer’s probability is recorded.',

  // The form on the page and `--set KEY=VALUE` are made from these. Other kinds: prompts, pairs, tokens,
  // choice, switch, layers.
  params: {
    prompt: {
      kind: 'prompt',
      label: 'Prompt',
      help: 'The text whose next token is watched.',
      default: 'the time displayed is 9:00 am. therefore, it is currently the',
    },
    answer: {
      kind: 'text',
      label: 'Answer',
      help: 'The next token that is watched; mind the leading space.',
      default: ' morning',
    },
    scale: {
      kind: 'number',
      label: 'Scale',
      help: 'What the MLP’s output is multiplied with: 0 takes it away, 1 changes nothing.',
      default: 0,
      min: -4,
      max: 4,
    },
  },
  presets: [],

  // Said before anything runs: check the parameters here, and throw a StudyError that names what is wrong.
  async estimate(model, params) {
    const ids = encodePrompt(model, params.prompt)
    answerTokens(model, [params.answer], 'parameter answer')
    const layers = model.spec.layers.length
    const patches = layers * ids.length
    // Two operations a weight and token: close enough for a time to expect.
    const flops = 2 * model.spec.dModel * model.spec.dMlp * 3 * layers * ids.length * patches
    return {
      summary: `${patches} patches over ${layers} layers`,
      patches,
      flops,
      peakBytes: 4 * model.spec.dModel * patches,
    }
  },

  async run(context) {
    const { model, params, signal } = context
    const ids = encodePrompt(model, params.prompt)
    const answer = answerTokens(model, [params.answer], 'parameter answer').ids
    const layers = model.spec.layers.map((_, layer) => layer)

    // A figure is declared once; its cells arrive in any order, and the page draws them as they come.
    const figure = context.figure({
      id: 'effect',
      title: 'What the MLP gives to the answer',
      x: { kind: 'position', label: 'Position', ticks: labels(model, ids) },
      y: { kind: 'layer', label: 'Layer', ticks: layers.map(String) },
      metric: `Δ P(${params.answer.trim()})`,
      unit: 'probability',
      scale: 'diverging',
      marks: [],
      caption: `Change of the probability of “${params.answer.trim()}” when the MLP’s output is scaled by ${params.scale} at one layer and position.`,
    })

    // One patch a cell; what a resumed run has already is not computed again.
    const cells = layers
      .flatMap(layer => ids.map((_, position) => ({ layer, position, cell: layer * ids.length + position })))
      .filter(({ cell }) => !figure.has(cell))
    const sweep = await prepareSweep(
      model,
      {
        bases: [
          {
            ids,
            metrics: [{ kind: 'prob', tokens: answer }],
            patches: cells.map(({ layer, position }) => ({
              interventions: [{ at: `blocks.${layer}.hook_mlp_out`, position, set: { scale: params.scale } }],
            })),
          },
        ],
        memoryBytes: context.memoryBytes,
      },
      signal,
    )
    try {
      const base = sweep.baseValues[0]?.[0] ?? Number.NaN
      let done = layers.length * ids.length - cells.length
      for await (const results of sweep.run(signal)) {
        for (const { patch, values } of results) {
          const cell = cells[patch]?.cell
          if (cell !== undefined) figure.set(cell, (values[0] ?? Number.NaN) - base)
        }
        done += results.length
        context.progress(done, layers.length * ids.length)
        // Writes what is known down and lets Cancel happen.
        await context.flush()
      }
      context.summary({ 'P(answer)': base })
    } finally {
      sweep.dispose()
    }
  },

  // What one cell's patch was, for a closer look at it; null where a cell has no single one.
  async cell(model, params, _figure, index) {
    const ids = encodePrompt(model, params.prompt)
    const position = index % ids.length
    const layer = Math.floor(index / ids.length)
    return {
      what: `The MLP’s output at layer ${layer}, position ${position} (${labels(model, ids)[position]}), scaled by ${params.scale}.`,
      ids,
      position: ids.length - 1,
      interventions: [{ at: `blocks.${layer}.hook_mlp_out`, position, set: { scale: params.scale } }],
    }
  },
})
