/**
 * What the page learns of one cell, as data: its overview, an attention pattern, the logit lens and a
 * neuron. Everything fits JSON, and is bounded whatever the model and the prompt: long prompts come as
 * a window of tokens, and say so.
 */
import type { Intervention } from '../../../hooks/intervention.ts'

/** A number, or null where it is not finite: JSON has no NaN. */
export type Reading = number | null

/** Which of a run's cells. */
export interface CellAddress {
  readonly figure: string
  readonly index: number
}

/** One hook point that a cell's patch changes. */
export interface TouchedPlace {
  /** Full name of the hook point. */
  readonly point: string
  /** −1 outside the blocks. */
  readonly layer: number
  readonly head?: number
  readonly neuron?: number
  readonly expert?: number
  /** Absolute positions, ascending. */
  readonly positions: readonly number[]
}

/** What a distribution says of one token. */
export interface TokenReading {
  readonly logit: Reading
  /** In nats. */
  readonly logProb: Reading
  readonly prob: Reading
  /** Number of tokens with a larger logit: 0 is the top. */
  readonly rank: number
}

/** A token without and with the patch. */
export interface ComparedToken {
  readonly id: number
  readonly label: string
  readonly before: TokenReading
  readonly after: TokenReading
}

export interface MetricReading {
  readonly kind: 'logit' | 'log_prob' | 'prob' | 'rank' | 'logit_diff' | 'kl'
  /** With the tokens it is of: `log p(·morning)`. */
  readonly label: string
  readonly unit: string
  readonly before: Reading
  readonly after: Reading
}

/** One cell, run again and looked at. */
export interface CellDetail extends CellAddress {
  readonly what: string
  readonly window: TokenWindow
  /** The next token after this position is compared. */
  readonly position: number
  readonly places: readonly TouchedPlace[]
  /** Null where they hold more numbers than anyone reads; `numbers` says how many. */
  readonly interventions: readonly Intervention[] | null
  readonly numbers: number
  /** Layers and heads of the model, for choosing others. */
  readonly layers: number
  readonly heads: number
  /** Whose tokens the metrics follow: the study's answer, or the likeliest token without the patch. */
  readonly followed: 'answer' | 'top'
  readonly metrics: readonly MetricReading[]
  /** The likeliest on either side, by their probability with the patch. */
  readonly top: readonly ComparedToken[]
}

/** A stretch of a prompt. */
export interface TokenWindow {
  readonly from: number
  readonly labels: readonly string[]
  /** Number of tokens of the whole prompt. */
  readonly of: number
}

export interface AttentionQuestion {
  readonly layer: number
  readonly head: number
  /** First token of the window. @default so that the compared position is its last */
  readonly from?: number
}

/** Attention weights of one head and, smaller, of all heads of its layer. */
export interface CellAttention extends CellAddress {
  readonly layer: number
  readonly head: number
  readonly window: TokenWindow
  /** [query, key] of the window, row-major, to five decimals. */
  readonly before: readonly number[]
  readonly after: readonly number[]
  /** What each query of the window gives to keys before it; null where the window begins at 0. */
  readonly earlier: { readonly before: readonly number[]; readonly after: readonly number[] } | null
  /** All heads as [size, size]: a small picture's cell is the largest of the weights under it. */
  readonly heads: readonly { readonly before: readonly number[]; readonly after: readonly number[] }[]
  readonly size: number
  /** The largest |patched − baseline| of each head within the window. */
  readonly changes: readonly number[]
}

export interface LensQuestion {
  readonly from?: number
}

/** What would come out if the model ended at each layer. Grids are [row, position, choice]; `top` holds token ids. */
export interface LensSide {
  readonly top: readonly number[]
  readonly prob: readonly Reading[]
}

export interface CellLens extends CellAddress {
  readonly window: TokenWindow
  /** Layers by what goes into them, and last what leaves the last. */
  readonly rows: readonly string[]
  /** Tokens a cell, likeliest first. */
  readonly choices: number
  readonly before: LensSide
  readonly after: LensSide
  /** [row, position]: by how much the patch raised the probability of the token that is on top with it. */
  readonly risen: readonly Reading[]
  /** Labels of all token ids in the grids. */
  readonly labels: Readonly<Record<number, string>>
}

export interface NeuronQuestion {
  readonly layer: number
  readonly neuron: number
  /** In a mixture of experts. */
  readonly expert?: number
}

export interface NeuronPrompt {
  /** Where it is from: `this cell`, or the parameter. */
  readonly name: string
  readonly window: TokenWindow
  /** One activation a token of the window. */
  readonly before: readonly Reading[]
  /** With the cell's patch; only for the cell's own prompt. */
  readonly after: readonly Reading[] | null
}

export interface WrittenToken {
  readonly id: number
  readonly label: string
  /** Logits for each unit of activation, less their mean over the vocabulary. */
  readonly logit: number
}

export interface CellNeuron extends CellAddress {
  readonly layer: number
  readonly neuron: number
  readonly expert?: number
  readonly point: string
  readonly prompts: readonly NeuronPrompt[]
  /** Prompts of the study that are not among them. */
  readonly leftOut: number
  readonly promoted: readonly WrittenToken[]
  readonly demoted: readonly WrittenToken[]
  /** What those numbers are, exactly. */
  readonly how: string
}

/** What can be asked of a cell, and what comes back. */
export interface CellViews {
  readonly detail: { readonly in: Readonly<Record<string, never>>; readonly out: CellDetail }
  readonly attention: { readonly in: AttentionQuestion; readonly out: CellAttention }
  readonly lens: { readonly in: LensQuestion; readonly out: CellLens }
  readonly neuron: { readonly in: NeuronQuestion; readonly out: CellNeuron }
}
export type CellView = keyof CellViews
/** One of those questions. */
export type CellLook = { [V in CellView]: { readonly view: V; readonly question: CellViews[V]['in'] } }[CellView]
export type CellAnswer = CellViews[CellView]['out']
