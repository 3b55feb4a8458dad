/** What the engine knows of a tokenizer. */

export interface EncodeOptions {
  /** Add the special tokens that the tokenizer's own post-processor adds (BOS for Llama). @default true */
  readonly specialTokens?: boolean
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

export interface Tokenizer {
  /** Size of the id space, added tokens included. */
  readonly vocabSize: number
  readonly bosId: number | null
  readonly eosIds: readonly number[]
  readonly hasChatTemplate: boolean
  encode(text: string, options?: EncodeOptions): number[]
  decode(ids: readonly number[], options?: { readonly skipSpecial?: boolean }): string
  /** The text of one token, distinguishable from all others: leading space as `·`, newline as `⏎`, bytes that are no text as `<0xE2>`. */
  label(id: number): string
  /** Renders the chat template; throws CheckpointError if the checkpoint has none. */
  chat(messages: readonly ChatMessage[], options?: { readonly addGenerationPrompt?: boolean }): string
}
