/**
 * An intervention: one change at one hook point, as data. The schema here is the only one; the
 * command line, the page and the library validate with it.
 */
import { z } from 'zod'
import { PatchlightError } from '../engine/errors.ts'

/** A position: 0 is the first, -1 the last. */
const position = z.number().int()

const positions = z.union([position, z.array(position).min(1), z.literal('all')])

/** Where the activation of a `from` comes from: another prompt's run, at the same hook point. */
const from = z.strictObject({
  from: z.union([z.string(), z.array(z.number().int().nonnegative()).min(1)]),
  /** The donor's position(s); must be as many as the patched ones. Default: the same as patched. */
  position: positions.optional(),
})

const set = z.union([
  z.strictObject({ zero: z.literal(true) }),
  /** The mean over a reference set, given as values (see `hooks/mean.ts`): one number, or one a feature. */
  z.strictObject({ mean: z.union([z.number(), z.array(z.number())]) }),
  z.strictObject({ value: z.union([z.number(), z.array(z.number())]) }),
  z.strictObject({ scale: z.number() }),
  z.strictObject({ add: z.array(z.number()).min(1), coefficient: z.number().default(1) }),
  from,
])

export const interventionSchema = z.strictObject({
  /** A hook point's full name, or a short form such as `L14H13` or `N1810@L10`, which sets `head` or `neuron` too. */
  at: z.string().min(1),
  head: z.number().int().nonnegative().optional(),
  neuron: z.number().int().nonnegative().optional(),
  /** @default 'all' */
  position: positions.optional(),
  set,
})

export type Intervention = z.infer<typeof interventionSchema>
export type Positions = z.infer<typeof positions>
export type SetTo = z.infer<typeof set>

/** Parses JSON into interventions; the error says which field of which one is wrong. */
export function parseInterventions(json: unknown): Intervention[] {
  const result = z.array(interventionSchema).safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue === undefined ? '' : issue.path.join('.')
  throw new PatchlightError(`intervention ${path}: ${issue?.message ?? 'not valid'}`)
}
