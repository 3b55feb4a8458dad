/**
 * What must hold in any transformer whatever its weights: the invariants of numerical parity that
 * need no reference. Each is one row of a table: a name, a sentence, a tolerance and a measurement,
 * so that a broken part shows by name. `patchlight verify` runs them on any checkpoint.
 *
 * Errors are the largest difference divided by the largest value compared. Tolerances allow float32
 * sums in another order, which grow with the width of the model, and nothing else.
 */
import { ShapeError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { mulberry32 } from '../../engine/random.ts'
import { headsError, mixError, patternError } from './attention.ts'
import { cacheError } from './cached.ts'
import { batchError, cleanStreamError, selfPatchError } from './patches.ts'
import { streamError } from './stream.ts'
import { plainRuns, type Subject } from './subject.ts'

interface Invariant {
  readonly name: string
  readonly what: string
  readonly tolerance: number
  readonly measure: (subject: Subject) => number | Promise<number>
}

/** Sums of a few numbers, and sums of many in another order. */
const FEW = 2e-6
const MANY = 2e-5

export const INVARIANTS: readonly Invariant[] = [
  {
    name: 'stream',
    what: 'resid_pre + attn_out + mlp_out = resid_post, and the next layer receives it',
    tolerance: FEW,
    measure: streamError,
  },
  {
    name: 'pattern',
    what: 'each query’s attention weights sum to 1, over what it may see only',
    tolerance: FEW,
    measure: patternError,
  },
  { name: 'mix', what: 'pattern · v = z', tolerance: MANY, measure: mixError },
  {
    name: 'heads',
    what: 'the heads’ results and the bias add up to attn_out (through the norm after it, if any)',
    tolerance: MANY,
    measure: headsError,
  },
  {
    name: 'self-patch',
    what: 'a patch with a run’s own activation changes nothing, at one point of every kind',
    tolerance: MANY,
    measure: selfPatchError,
  },
  {
    name: 'clean-stream',
    what: 'the clean stream at all positions makes a corrupted run the clean one',
    tolerance: MANY,
    measure: cleanStreamError,
  },
  { name: 'batch', what: 'a batch equals its prompts one by one', tolerance: MANY, measure: batchError },
  {
    name: 'cache',
    what: 'generation with kept keys and values equals full passes',
    tolerance: MANY,
    measure: cacheError,
  },
]

export interface Finding {
  readonly name: string
  readonly what: string
  /** Largest error found; infinite where a number is none. */
  readonly worst: number
  readonly tolerance: number
  readonly ok: boolean
}

export interface VerifyOptions {
  /** Token ids of at least two prompts of different lengths. @default `samplePrompts(model)` */
  readonly prompts?: readonly (readonly number[])[]
  readonly onFinding?: (finding: Finding) => void
  readonly signal?: AbortSignal
}

/** Two prompts of ids that look random and are the same every time, with room to generate after them. */
export function samplePrompts(model: Model): number[][] {
  const { vocab, maxPositions } = model.spec
  const random = mulberry32(20)
  return [7, 12].map((length, i) =>
    Array.from({ length: Math.max(1, Math.min(length, maxPositions - 2 - i)) }, () => Math.floor(random() * vocab)),
  )
}

/**
 * Runs every invariant on a model.
 * @throws ShapeError for a prompt that the model cannot run
 */
export async function verifyModel(model: Model, options: VerifyOptions = {}): Promise<Finding[]> {
  const { prompts = samplePrompts(model), onFinding, signal } = options
  if (prompts.length === 0) throw new ShapeError('verify: expected at least one prompt, got none')
  const runs = await plainRuns(model, prompts, signal)
  const findings: Finding[] = []
  for (const { name, what, tolerance, measure } of INVARIANTS) {
    signal?.throwIfAborted()
    const worst = await measure({ model, runs })
    const finding = { name, what, worst, tolerance, ok: worst <= tolerance }
    findings.push(finding)
    onFinding?.(finding)
  }
  return findings
}
