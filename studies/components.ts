/** Components of a model as papers name them, and figures over them. */
import type { Model } from '../engine/model.ts'
import type { Intervention } from '../hooks/intervention.ts'
import type { Axis } from './figure.ts'

/** Layers as ticks: `0`, `1`, … */
export function layerAxis(model: Model): Axis {
  return { kind: 'layer', label: 'layer', ticks: model.spec.layers.map((_, layer) => String(layer)) }
}

export function headAxis(model: Model): Axis {
  return { kind: 'head', label: 'head', ticks: Array.from({ length: model.spec.heads }, (_, head) => String(head)) }
}

/** The three things that a layer leaves: what the stream is after it, and what its halves add. */
export const PARTS = [
  { id: 'resid', label: 'residual', site: 'hook_resid_post', name: (layer: number) => `resid ${layer}` },
  { id: 'attn', label: 'attention', site: 'hook_attn_out', name: (layer: number) => `attn ${layer}` },
  { id: 'mlp', label: 'MLP', site: 'hook_mlp_out', name: (layer: number) => `MLP ${layer}` },
] as const

export type Part = (typeof PARTS)[number]

/** The intervention that takes a part, or a head, from a donor. */
export function fromDonor(
  at: { readonly layer: number; readonly part: Part } | { readonly layer: number; readonly head: number },
  donor: readonly number[],
  positions: readonly number[],
  donorPositions: readonly number[],
): Intervention {
  const set = { from: [...donor], position: [...donorPositions] }
  if ('part' in at) return { at: `blocks.${at.layer}.${at.part.site}`, position: [...positions], set }
  return { at: `blocks.${at.layer}.attn.hook_z`, head: at.head, position: [...positions], set }
}
