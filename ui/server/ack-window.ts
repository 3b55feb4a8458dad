/**
 * How much a client may leave unacknowledged, counted over everything that one client is sent: a
 * client that opens stream after stream, or never acknowledges, still costs a fixed amount.
 */
import { MAX_UNACKNOWLEDGED } from '../wire.ts'

export class AckWindow {
  readonly #onDrained: () => void
  #outstanding = 0

  /** @param onDrained called when the last outstanding message was acknowledged */
  constructor(onDrained: () => void) {
    this.#onDrained = onDrained
  }

  get full(): boolean {
    return this.#outstanding >= MAX_UNACKNOWLEDGED
  }

  /** Counts a message as sent. Returns its acknowledgement, which counts once. */
  take(): () => void {
    this.#outstanding += 1
    let open = true
    return () => {
      if (!open) return
      open = false
      this.#outstanding -= 1
      if (this.#outstanding === 0) this.#onDrained()
    }
  }
}
