/**
 * An intervention: one change at one hook point, as data. The schema here is the only one; the
 * command line, the page and the library validate with it.
 */
import { z } from 'zod'
import { PatchlightError } from '../engine/errors.ts'

/** What a float32 activation can hold. */
const float = z.number().refine(value => Number.isFinite(Math.fround(value)), 'expected a number within float32')
const floats = z.array(float).min(1)
const numberOrNumbers = z.union([float, floats], 'expected a number, or a list of at least one')

/** A position: 0 is the first, -1 the last. */
const position = z.number().int()

const positions = z.union(
  [position, z.array(position).min(1), z.literal('all')],
  "expected a position (0 is the first, -1 the last), a list of them, or 'all'",
)

/** Where the activation of a `from` comes from: another prompt's run, at the same hook point. */
const from = z.strictObject({
  from: z.union(
    [z.string().min(1), z.array(z.number().int().nonnegative()).min(1)],
    'expected a prompt, or a list of token ids',
  ),
  /** The donor's position(s); must be as many as the patched ones. Default: the same as patched. */
  position: positions.optional(),
})

/** By the key that names the kind. */
const sets = {
  zero: z.strictObject({ zero: z.literal(true) }),
  /** The mean over a reference set, given as values (see `hooks/mean.ts`): one number, or one a feature. */
  mean: z.strictObject({ mean: numberOrNumbers }),
  value: z.strictObject({ value: numberOrNumbers }),
  scale: z.strictObject({ scale: float }),
  add: z.strictObject({ add: floats, coefficient: float.default(1) }),
  from,
}
const KINDS = Object.keys(sets)

const set = z.union([sets.zero, sets.mean, sets.value, sets.scale, sets.add, sets.from])

export const interventionSchema = z.strictObject({
  /** A hook point's full name, or a short form such as `L14H13` or `N1810@L10`, which sets `head` or `neuron` too. */
  at: z.string().min(1),
  head: z.number().int().nonnegative().optional(),
  neuron: z.number().int().nonnegative().optional(),
  /** @default 'all' */
  position: positions.optional(),
  set,
})

/** As written: what has a default may be left out. */
export type Intervention = z.input<typeof interventionSchema>
export type Positions = z.input<typeof positions>
export type SetTo = z.input<typeof set>

/**
 * Parses JSON into interventions.
 * @throws PatchlightError that says which field of which one is wrong: `intervention 1, set.scale: …`
 */
export function parseInterventions(json: unknown): Intervention[] {
  if (!Array.isArray(json))
    throw new PatchlightError(`interventions: expected a list, got ${json === null ? 'null' : typeof json}`)
  return json.map((item: unknown, index) => {
    const result = interventionSchema.safeParse(item)
    if (result.success) return result.data
    const issue = result.error.issues[0]
    const { path, message } = issue === undefined || issue.path.join() === 'set' ? setIssue(item) : issue
    const field = path.length === 0 ? '' : `, ${path.join('.')}`
    throw new PatchlightError(`intervention ${index}${field}: ${message}`)
  })
}

/** What is wrong with a `set`: the union's own error does not say, since it cannot know which kind was meant. */
function setIssue(item: unknown): { path: readonly PropertyKey[]; message: string } {
  const given = typeof item === 'object' && item !== null && 'set' in item ? item.set : undefined
  const keys = typeof given === 'object' && given !== null ? Object.keys(given) : []
  for (const [kind, schema] of Object.entries(sets)) {
    if (!keys.includes(kind)) continue
    const issue = schema.safeParse(given).error?.issues[0]
    if (issue !== undefined) return { path: ['set', ...issue.path], message: issue.message }
  }
  const got = keys.length === 0 ? JSON.stringify(given) : keys.join(', ')
  return { path: ['set'], message: `expected one of ${KINDS.join(', ')}, got ${got}` }
}
