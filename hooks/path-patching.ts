/**
 * Path patching: what a component tells chosen receivers, and nothing else of what it does. The
 * sender's activation is the donor's; every other head's output and every other MLP's output stay
 * what they are in the base run; what the receivers then see is put into an otherwise free base run.
 * Source: Goldowsky-Dill et al. 2023, “Localizing model behavior with path patching”. Wang et al. 2022
 * (“Interpretability in the wild”) freeze heads only and let MLPs react; here MLPs are frozen too.
 *
 * With all else frozen, the stream that a receiver reads is the base run's plus what the sender
 * writes more than it did. So no pass is needed to find it: one small product for the sender, norm
 * and projection for the receiver. `tests/hooks/path-patching.test.ts` holds it against the definition.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Weight } from '../engine/backends/types.ts'
import { internalError, ShapeError } from '../engine/errors.ts'
import { passContext } from '../engine/forward.ts'
import { batchOf } from '../engine/lanes.ts'
import { linear } from '../engine/layers/linear.ts'
import { normalize } from '../engine/layers/norm.ts'
import type { Model } from '../engine/model.ts'
import { pointOf, type Site } from '../engine/points.ts'
import type { ModelSpec } from '../engine/spec.ts'
import { NO_TAP } from '../engine/tap.ts'
import type { LayerWeights, LinearWeights, NormWeights } from '../engine/weights.ts'
import type { Capture } from './capture.ts'
import { resolvePositions } from './edit.ts'
import { runWithHooks } from './hooked.ts'
import type { Intervention, Positions } from './intervention.ts'
import { sliceColumns } from './sweep/delta.ts'

/** A head's `hook_z`; with `head` null, the MLP's `hook_mlp_out`. */
export interface PathSender {
  readonly layer: number
  readonly head: number | null
}

export type ReceiverInput = 'q' | 'k' | 'v'

/** What a head reads. For keys and values, `head` counts key/value heads. */
export interface PathReceiver {
  readonly layer: number
  readonly head: number
  readonly input: ReceiverInput
}

export interface PathQuestion {
  readonly base: readonly number[]
  /** Token ids whose run gives the senders' activations; as many as the base's. */
  readonly donor: readonly number[]
  readonly senders: readonly PathSender[]
  /** Patched together. None: the logits of the last position, read directly. */
  readonly receivers: readonly PathReceiver[]
  /** Where senders send; negative ones count from the end. @default 'all' */
  readonly positions?: Positions
}

/** A receiver's weights and what it reads in the base run, both copied. */
interface Target {
  readonly receiver: PathReceiver
  readonly norm: NormWeights | null
  /** [d_model] → [d_head] */
  readonly weights: LinearWeights
  /** [rows, d_model] */
  readonly stream: Float32Array
}

const INPUT_SITES = { q: 'q', k: 'k', v: 'v' } as const satisfies Record<ReceiverInput, Site>

/**
 * The interventions that carry each sender's paths into a run of the base prompt, in the senders'
 * order: ready to be the patches of a sweep. Empty for a sender that reaches no receiver, or whose
 * activation is the same in both prompts.
 * @throws ShapeError for prompts of different lengths, or a layer, head or position that is not there
 */
export async function pathPatches(
  model: Model,
  question: PathQuestion,
  signal?: AbortSignal,
): Promise<Intervention[][]> {
  checkPaths(model.spec, question)
  const sent = livePositions(question)
  const rows = heldPositions(question, sent)
  const patches = question.senders.map((): Intervention[] => [])
  if (rows.length === 0) return patches
  const { base, donor } = await captureBoth(model, question, rows, signal)
  const targets: Target[] = []
  for (const receiver of question.receivers) targets.push(await targetOf(model, receiver, base))
  for (const layer of new Set(question.senders.map(sender => sender.layer))) {
    signal?.throwIfAborted()
    const weights = await layerWeights(model, layer)
    const headsSend = question.senders.some(sender => sender.layer === layer && sender.head !== null)
    const attnRaw =
      model.spec.postNorm && headsSend ? attentionBeforeNorm(model, weights, rowsOf(base, 'z', layer)) : null
    for (const [i, sender] of question.senders.entries()) {
      if (sender.layer !== layer) continue
      const change = changeOf(model.spec, sender, base, donor)
      const width = change.length / rows.length
      for (const [row, position] of rows.entries())
        if (!sent.includes(position)) change.fill(0, row * width, (row + 1) * width)
      if (change.every(value => value === 0)) continue
      const write = sender.head === null ? change : headWrite(model, weights, sender.head, change, attnRaw)
      patches[i] = arrivals(model, sender, rows, write, targets, question.receivers.length === 0)
    }
  }
  return patches
}

/** Interventions of the same points and positions without their values: enough to plan a sweep. */
export function pathOutline(spec: ModelSpec, question: PathQuestion): Intervention[][] {
  checkPaths(spec, question)
  const rows = heldPositions(question, livePositions(question))
  return question.senders.map(sender =>
    placesOf(spec, sender, question.receivers).flatMap(place =>
      rows.map(position => ({ ...place, position, set: { zero: true as const } })),
    ),
  )
}

/** Where a sender's paths arrive. */
function placesOf(
  spec: ModelSpec,
  sender: PathSender,
  receivers: readonly PathReceiver[],
): Pick<Intervention, 'at' | 'head'>[] {
  if (receivers.length === 0) return [{ at: pointOf('resid_post', spec.layers.length - 1).name }]
  return receivers
    .filter(({ layer }) => layer > sender.layer)
    .map(({ layer, head, input }) => ({ at: pointOf(INPUT_SITES[input], layer).name, head }))
}

/** Chosen positions at which the runs can differ; the logits are read at the last one only. */
function livePositions({ base, donor, positions, receivers }: PathQuestion): number[] {
  let shared = 0
  while (shared < base.length && base[shared] === donor[shared]) shared++
  const last = base.length - 1
  return resolvePositions(positions, base.length, 'path patching').filter(
    position => position >= shared && (receivers.length > 0 || position === last),
  )
}

/**
 * Positions at which receivers are set. A receiver must not hear an earlier receiver's change, so with
 * receivers in several layers they are held at every position that such a change could reach.
 */
function heldPositions({ base, receivers }: PathQuestion, sent: readonly number[]): readonly number[] {
  if (sent.length === 0 || new Set(receivers.map(({ layer }) => layer)).size < 2) return sent
  const first = Math.min(...sent)
  return Array.from({ length: base.length - first }, (_, i) => first + i)
}

function checkPaths(spec: ModelSpec, { base, donor, senders, receivers }: PathQuestion): void {
  if (base.length !== donor.length)
    throw new ShapeError(
      `path patching: expected as many donor tokens as base tokens (${base.length}), got ${donor.length}`,
    )
  const check = (what: string, value: number, count: number): void => {
    if (!Number.isInteger(value) || value < 0 || value >= count)
      throw new ShapeError(`path patching, ${what}: expected 0 to ${count - 1}, got ${value}`)
  }
  for (const { layer, head } of senders) {
    check('layer of a sender', layer, spec.layers.length)
    if (head !== null) check('head of a sender', head, spec.heads)
  }
  for (const { layer, head, input } of receivers) {
    check('layer of a receiver', layer, spec.layers.length)
    if (input === 'q') check('head of a receiver', head, spec.heads)
    else check(`key/value head of a receiver (${spec.heads} query heads share ${spec.kvHeads})`, head, spec.kvHeads)
    if (input !== 'v' && spec.qkNorm === 'full')
      throw new ShapeError(
        `path patching: expected a receiver's values (L${layer}H${head}.v), got its ${input}: this model norms ` +
          'queries and keys over all heads together, so that one head’s would change the others’',
      )
  }
}

async function captureBoth(
  model: Model,
  { base, donor, senders, receivers }: PathQuestion,
  rows: readonly number[],
  signal: AbortSignal | undefined,
): Promise<{ base: Capture; donor: Capture }> {
  const sent = senders.map(({ layer, head }) => pointOf(head === null ? 'mlp_out' : 'z', layer).name)
  const read = receivers.map(({ layer }) => pointOf('resid_pre', layer).name)
  const [ofBase, ofDonor] = await runWithHooks(model, [{ ids: base }, { ids: donor }], {
    capture: [...new Set([...sent, ...read])],
    capturePositions: [...rows],
    ...(signal === undefined ? {} : { signal }),
  })
  if (ofBase === undefined || ofDonor === undefined) throw internalError('two runs without outputs')
  return { base: ofBase.capture, donor: ofDonor.capture }
}

function rowsOf(capture: Capture, site: Site, layer: number): Float32Array {
  return capture.get(pointOf(site, layer).name).data
}

async function layerWeights(model: Model, layer: number): Promise<LayerWeights> {
  const pending = model.weights.layer(layer)
  return pending instanceof Promise ? await pending : pending
}

/** The donor's activation minus the base's: [rows, d_head] of a head, [rows, d_model] of an MLP. */
function changeOf(spec: ModelSpec, { layer, head }: PathSender, base: Capture, donor: Capture): Float32Array {
  const site = head === null ? 'mlp_out' : 'z'
  const before = rowsOf(base, site, layer)
  const difference = rowsOf(donor, site, layer).map((value, i) => value - (before[i] ?? 0))
  if (head === null) return difference
  const { heads, dHead } = spec
  return difference.filter((_, i) => Math.floor(i / dHead) % heads === head)
}

/** What a layer's attention gives before its post-norm, in the base run: [rows, d_model]. */
function attentionBeforeNorm(model: Model, weights: LayerWeights, z: Float32Array): Float32Array {
  const width = model.spec.heads * model.spec.dHead
  return copied(model, () => linear(model.backend, tf.tensor2d(z, [z.length / width, width]), weights.o))
}

/**
 * What a change of a head's z adds to the stream: [rows, d_model].
 * @param change [rows, d_head]
 * @param before attention before its post-norm [rows, d_model]; null where there is none and the write is linear
 */
function headWrite(
  model: Model,
  weights: LayerWeights,
  head: number,
  change: Float32Array,
  before: Float32Array | null,
): Float32Array {
  const { backend, spec } = model
  const { dHead, dModel } = spec
  const rows = change.length / dHead
  const columns = sliceColumns(weights.o.weight, head * dHead, dHead)
  try {
    return copied(model, () => {
      const added = backend.linear(tf.tensor2d(change, [rows, dHead]), columns)
      if (before === null) return added
      const old = tf.tensor2d(before, [rows, dModel])
      return tf.sub<tf.Tensor2D>(
        normed(model, tf.add<tf.Tensor2D>(old, added), weights.ln1Post),
        normed(model, old, weights.ln1Post),
      )
    })
  } finally {
    backend.release(columns)
  }
}

/** A receiver's part of its projection, copied: weights from disk are lent for a moment only. */
async function targetOf(model: Model, receiver: PathReceiver, base: Capture): Promise<Target> {
  const { dHead, preNorm } = model.spec
  const layer = await layerWeights(model, receiver.layer)
  const { weight, bias } = layer[receiver.input]
  const { ln1 } = layer
  return {
    receiver,
    norm: !preNorm || ln1 === null ? null : { weight: ln1.weight.slice(), bias: ln1.bias?.slice() ?? null },
    weights: {
      weight: sliceOutputs(weight, receiver.head * dHead, dHead),
      bias: bias?.slice(receiver.head * dHead, (receiver.head + 1) * dHead) ?? null,
    },
    stream: rowsOf(base, 'resid_pre', receiver.layer),
  }
}

/** The part of a matrix that makes some output features: a copy, output-first. */
function sliceOutputs({ name, data, inSize, outSize, transposed }: Weight, offset: number, count: number): Weight {
  const part = new Float32Array(count * inSize)
  for (let out = 0; out < count; out++)
    for (let i = 0; i < inSize; i++)
      part[out * inSize + i] = data[transposed ? i * outSize + offset + out : (offset + out) * inSize + i] ?? 0
  return { name: `${name}[${offset}+${count}]`, data: part, inSize, outSize: count, transposed: false }
}

/** @param write what the sender adds to the stream: [rows, d_model] */
function arrivals(
  model: Model,
  sender: PathSender,
  rows: readonly number[],
  write: Float32Array,
  targets: readonly Target[],
  toLogits: boolean,
): Intervention[] {
  const { spec } = model
  if (toLogits)
    return placesOf(spec, sender, []).flatMap(place =>
      rows.map((position, i) => ({ ...place, position, set: { add: stretch(write, i, spec.dModel) } })),
    )
  return targets
    .filter(({ receiver }) => receiver.layer > sender.layer)
    .flatMap(target => {
      const received = receive(model, target, write)
      return placesOf(spec, sender, [target.receiver]).flatMap(place =>
        rows.map((position, i) => ({ ...place, position, set: { value: stretch(received, i, spec.dHead) } })),
      )
    })
}

function stretch(values: Float32Array, row: number, width: number): number[] {
  return Array.from(values.subarray(row * width, (row + 1) * width))
}

/** A receiver's query, key or value when the stream that it reads has gained something: [rows, d_head]. */
function receive(model: Model, { norm, weights, stream }: Target, write: Float32Array): Float32Array {
  const { dModel } = model.spec
  try {
    return copied(model, () => {
      const read = tf.tensor2d(
        stream.map((value, i) => value + (write[i] ?? 0)),
        [stream.length / dModel, dModel],
      )
      return linear(model.backend, norm === null ? read : normed(model, read, norm), weights)
    })
  } finally {
    model.backend.release(weights.weight)
  }
}

function normed(model: Model, x: tf.Tensor2D, weights: NormWeights | null): tf.Tensor2D {
  if (weights === null) throw internalError('a norm without weights')
  return normalize(passContext(model, batchOf([]), NO_TAP, -1), x, weights, model.spec.norm, null)
}

function copied(model: Model, compute: () => tf.Tensor2D): Float32Array {
  let values = new Float32Array()
  tf.tidy(() => {
    values = model.backend.view(compute()).slice()
  })
  return values
}
