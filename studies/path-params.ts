/** The parameters of path patching, and what its texts mean for a model. */
import { StudyError } from '../engine/errors.ts'
import type { Model } from '../engine/model.ts'
import type { PathQuestion, PathReceiver } from '../hooks/path-patching.ts'
import type { ParamsOf } from './params.ts'
import { PROMPT_PARAMS } from './prompt-params.ts'
import { TIME_PARAMS } from './time-params.ts'

export const PATH_PARAMS = {
  clean: { ...TIME_PARAMS.clean, help: 'The prompt whose answer we want; its activations are what senders send.' },
  corrupted: TIME_PARAMS.corrupted,
  answer: TIME_PARAMS.answer,
  against: TIME_PARAMS.against,
  receivers: {
    kind: 'text',
    label: 'Receivers',
    help: 'What hears the senders: inputs of heads such as L5H1.q, L4H0.v (k and v count key/value heads), patched together. Empty: the logits, directly.',
    default: '',
  },
  position: {
    kind: 'text',
    label: 'Position',
    help: 'Where senders send: all, or one position (0 is the first, -1 the last).',
    default: 'all',
    advanced: true,
  },
  listed: {
    kind: 'number',
    label: 'Listed senders',
    help: 'How many senders the table ranks.',
    default: 20,
    min: 1,
    max: 1000,
    integer: true,
    advanced: true,
  },
  ...PROMPT_PARAMS,
} as const

export type PathParams = ParamsOf<typeof PATH_PARAMS>

/**
 * Receivers from their text.
 * @throws StudyError for a text that is none, or that this model does not have
 */
export function parseReceivers({ spec }: Model, text: string): PathReceiver[] {
  const receivers = new Map<string, PathReceiver>()
  for (const word of text.split(/[\s,;]+/).filter(part => part !== '')) {
    const match = /^L(\d+)H(\d+)\.([qkv])$/i.exec(word)
    const where = `parameter receivers, ${word}`
    const letter = match?.[3]?.toLowerCase()
    if (match === null || (letter !== 'q' && letter !== 'k' && letter !== 'v'))
      throw new StudyError(
        `${where}: expected a head's input such as L5H1.q, L5H1.k or L5H1.v, or nothing for the logits`,
      )
    const layer = Number(match[1])
    const head = Number(match[2])
    const heads = letter === 'q' ? spec.heads : spec.kvHeads
    if (layer < 1 || layer >= spec.layers.length)
      throw new StudyError(
        `${where}: expected a layer from 1 to ${spec.layers.length - 1} (nothing is sent before layer 0), got ${layer}`,
      )
    if (head >= heads)
      throw new StudyError(
        `${where}: expected a ${letter === 'q' ? 'head' : `key/value head, which ${spec.heads} heads share,`} from 0 to ${heads - 1}, got ${head}`,
      )
    receivers.set(`${layer}/${head}/${letter}`, { layer, head, input: letter })
  }
  return [...receivers.values()]
}

/**
 * The position at which senders send.
 * @throws StudyError for one that the prompt does not have, or from which the logits cannot be reached
 */
export function parsePosition(text: string, length: number, toLogits: boolean): NonNullable<PathQuestion['positions']> {
  const typed = text.trim().toLowerCase()
  if (typed === 'all' || typed === '') return 'all'
  const given = /^-?\d+$/.test(typed) ? Number(typed) : Number.NaN
  const position = given < 0 ? given + length : given
  if (!(position >= 0 && position < length))
    throw new StudyError(
      `parameter position: expected all, or a position from ${-length} to ${length - 1}, got ${text}`,
    )
  if (toLogits && position !== length - 1)
    throw new StudyError(
      `parameter position: expected all or the last position (-1), since the logits read that one directly, got ${text}; name receivers to follow other positions`,
    )
  return position
}
