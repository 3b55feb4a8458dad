/** A pull as events, told no oftener than an eye follows: the Hub's pieces come by the thousand. */
import type { PullEvent } from './workbench-types.ts'

const TELL_EVERY_MS = 100

export async function pullModel(
  model: string,
  onEvent: (event: PullEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const { pullCheckpoint } = await import('../../engine/checkpoint/hub/pull.ts')
  let toldMs = Number.NEGATIVE_INFINITY
  const { dir } = await pullCheckpoint(model, {
    signal,
    onProgress: ({ file, step, doneBytes, totalBytes, bytesPerSecond, etaMs }) => {
      const now = performance.now()
      if (now - toldMs < TELL_EVERY_MS && doneBytes < totalBytes) return
      toldMs = now
      onEvent({ type: 'progress', file, step, doneBytes, totalBytes, bytesPerSecond, etaMs })
    },
    onWait: () => onEvent({ type: 'waiting', text: `${model} is being fetched already; this waits for it.` }),
  })
  onEvent({ type: 'done', dir })
}
