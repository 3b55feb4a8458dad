/**
 * Random numbers for sampling: the same seed gives the same numbers on every machine. The generator
 * is mulberry32 (Tommy Ettinger, public domain): 32 bits of state, period 2³², each number one of the
 * 2³² equal steps of [0, 1). Enough for drawing tokens, of which a run has thousands; not for
 * cryptography.
 */

/** @param seed a whole number from 0 to 2³² − 1 */
export function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
