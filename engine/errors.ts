/**
 * Errors a caller may want to catch. Every message reads `where: what was expected, got what`,
 * and says what to do where that helps. A message that starts with `internal:` is a bug of ours.
 */

/** Any error that its reader can mend: shown as one sentence, without a stack trace. */
export class PatchlightError extends Error {
  override readonly name: string = 'PatchlightError'
}

/** A checkpoint folder that is missing, damaged or not supported. */
export class CheckpointError extends PatchlightError {
  override readonly name = 'CheckpointError'
}

/** A hook point that does not exist, or that this model does not have. */
export class HookPointError extends PatchlightError {
  override readonly name = 'HookPointError'
}

/** A size, position, layer, head or neuron out of range. */
export class ShapeError extends PatchlightError {
  override readonly name = 'ShapeError'
}

/** A backend that is missing, or that failed. */
export class BackendError extends PatchlightError {
  override readonly name = 'BackendError'
}

/** A device that is gone, and with it all that this process held there: only a new process can go on. */
export class DeviceLostError extends BackendError {}

/** A study or run that cannot do what it is asked. */
export class StudyError extends PatchlightError {
  override readonly name = 'StudyError'
}

/** Wrong words on the command line. */
export class UsageError extends PatchlightError {
  override readonly name = 'UsageError'
}

/** The error for a state that only a bug of ours can reach. */
export function internalError(message: string): Error {
  return new Error(`internal: ${message}`)
}
