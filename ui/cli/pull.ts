/** `patchlight pull`: a model of the Hub into the cache that Python's libraries use too. */
import { byteText } from '../../engine/byte-text.ts'
import { type PullProgress, pullCheckpoint } from '../../engine/checkpoint/hub/pull.ts'
import { referenceText } from '../../engine/checkpoint/hub/reference.ts'
import { JSON_OPTION } from './common-options.ts'
import type { Output } from './output.ts'
import { defineCommand } from './parse.ts'
import { progressLine } from './progress.ts'

/** In a pipe, a line for each tenth, so that a log stays short. */
const PLAIN_STEPS = 10
/** A terminal is drawn no oftener than the eye follows. */
const DRAW_EVERY_MS = 100

function counts({ doneBytes, totalBytes, bytesPerSecond, step, file }: PullProgress): string {
  const rate = bytesPerSecond === null ? '' : `  ${byteText(bytesPerSecond)}/s`
  return `${byteText(doneBytes)} of ${byteText(totalBytes)}${step === 'check' ? `  checking ${file}` : rate}`
}

function showProgress(output: Output): (progress: PullProgress) => void {
  let said = -1
  let drawnMs = Number.NEGATIVE_INFINITY
  return progress => {
    const { doneBytes, totalBytes, etaMs, step } = progress
    const now = performance.now()
    if (step === 'check' || now - drawnMs >= DRAW_EVERY_MS) {
      output.status(progressLine(doneBytes, totalBytes, etaMs, process.stderr.columns ?? 80, counts(progress)))
      drawnMs = now
    }
    const done = Math.floor((doneBytes / Math.max(1, totalBytes)) * PLAIN_STEPS)
    if (output.live || done <= said) return
    said = done
    output.say(`${counts({ ...progress, step: 'fetch' })} (${done * (100 / PLAIN_STEPS)}%)`)
  }
}

export const pull = defineCommand({
  name: 'pull',
  summary: 'Fetches a model from the Hugging Face Hub, or goes on where it was cut.',
  details:
    'The model goes to the cache that Python’s libraries use too (HF_HUB_CACHE, HF_HOME, else ~/.cache/huggingface);\n' +
    'what they fetched is not fetched again. Only config, tokenizer and safetensors weights are fetched, never a pickle.\n' +
    'HF_TOKEN, or the file that “hf auth login” writes, opens gated and private models; HF_ENDPOINT names a mirror;\n' +
    'HF_HUB_OFFLINE=1 fetches nothing. With --json: {model, revision, commit, dir, files: [{name, bytes}], fetchedBytes}.',
  arguments: [{ name: 'MODEL', help: 'a model as OWNER/NAME, or OWNER/NAME@REVISION for a branch, tag or commit' }],
  options: { json: JSON_OPTION },
  async run(options, [model = ''], output) {
    const stop = new AbortController()
    const onInterrupt = () => stop.abort()
    process.once('SIGINT', onInterrupt)
    process.once('SIGTERM', onInterrupt)
    try {
      const pulled = await pullCheckpoint(model, {
        signal: stop.signal,
        onProgress: showProgress(output),
        onWait: () => output.say(`Another process fetches ${model}; waiting for it.`),
      })
      output.status('')
      const { id, revision, commit, dir, files, fetchedBytes } = pulled
      if (options.json) output.json({ model: id, revision, commit, dir, files, fetchedBytes })
      else {
        const fetched = fetchedBytes === 0 ? 'was here already' : `is here now, ${byteText(fetchedBytes)} fetched`
        output.line(`${output.bold(referenceText(pulled))} ${fetched}: commit ${commit} in`)
        output.line(dir)
        output.line(`To use it: --model ${referenceText(pulled)}`)
      }
      return 0
    } catch (error) {
      if (!stop.signal.aborted) throw error
      output.say(`Stopped. To go on: patchlight pull ${model}`)
      return 130
    } finally {
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onInterrupt)
    }
  },
})
