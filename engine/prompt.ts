/** What a prompt must be before anything is computed. */
import { ShapeError } from './errors.ts'
import type { Model } from './model.ts'

/** @throws ShapeError for an empty prompt, one longer than the model's context, or an id outside the vocabulary */
export function checkPrompt(model: Pick<Model, 'spec'>, ids: readonly number[]): void {
  const { vocab, maxPositions } = model.spec
  if (ids.length === 0) throw new ShapeError('prompt: expected at least one token, got none')
  if (ids.length > maxPositions)
    throw new ShapeError(`prompt: expected at most ${maxPositions} tokens (the model’s context), got ${ids.length}`)
  for (const id of ids)
    if (!Number.isInteger(id) || id < 0 || id >= vocab)
      throw new ShapeError(`prompt: expected token ids from 0 to ${vocab - 1}, got ${id}`)
}
