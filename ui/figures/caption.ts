/**
 * A caption drafted from the figures and their run: what was patched and what the colour shows (the
 * study's own words), then model, prompts and how many. A draft: whoever publishes it edits it.
 */
import type { FigureSpec } from '../../studies/figure.ts'
import type { RunRecord } from '../../studies/runs/events.ts'
import { letter } from './letters.ts'

/** The captions of the panels; what all of them end with stands once. */
export function draftCaption(specs: readonly Pick<FigureSpec, 'title' | 'caption'>[]): string {
  const [first] = specs
  if (first === undefined) return ''
  const captions = specs.map(({ caption }) => caption.trim())
  if (specs.length === 1) return captions[0] ?? ''
  if (captions.every(caption => caption === captions[0])) {
    return `${specs.map(({ title }, i) => `${letter(i)} ${title}`).join('; ')}. ${captions[0]}`
  }
  // Captions that differ in what their panels are called, and in nothing else.
  const kinds = captions.map((caption, i) => caption.replaceAll(specs[i]?.title ?? '', '\0'))
  if (kinds.every(kind => kind === kinds[0] && kind.includes('\0'))) {
    const others = specs.slice(1).map(({ title }, i) => `${letter(i + 1)} ${title}`)
    return `${letter(0)} ${first.title}: ${captions[0]} ${others.join('; ')}: likewise.`
  }
  const shared = sharedEnd(captions)
  const parts = captions.map((caption, i) => {
    const all = caption.slice(0, caption.length - shared.length).trim()
    // What is likewise says only what differs.
    const own = i === 0 || all.startsWith('likewise') ? all : withoutRepeats(all, captions[0] ?? '')
    return `${letter(i)} ${specs[i]?.title}${own === '' ? '.' : `: ${own}`}`
  })
  return [...parts, shared].join(' ').trim()
}

/** Model, prompts and counts, as sentences. A caption that quotes prompts has said which ones its figure is of. */
export function runFacts(record: RunRecord, specs: readonly FigureSpec[], captionSoFar: string): string {
  const { model, params, tokens = {} } = record
  const prompts = (captionSoFar.includes('“') ? [] : Object.keys(tokens)).flatMap(key => {
    const value = params[key]
    if (typeof value === 'string') return [`${/prompt$/i.test(key) ? key : `${key} prompt`} “${value}”`]
    return Array.isArray(value) && value.length > 0 ? [`${key}: n = ${value.length}`] : []
  })
  const cells = specs.map(({ x, y }) => x.ticks.length * y.ticks.length)
  const total = cells.reduce((sum, count) => sum + count, 0)
  return [
    `Model: ${model.name} (${model.layers} layers, ${model.heads} heads, d = ${model.dModel}).`,
    ...(record.dtype === 'bf16' ? ['Weights and products with them are bfloat16.'] : []),
    ...(prompts.length === 0 ? [] : [`${capital(prompts.join('; '))}.`]),
    ...encoding(params),
    `n = ${total.toLocaleString('en')} cells${cells.length > 1 ? ` in ${cells.length} panels` : ''}.`,
  ].join(' ')
}

/** How prompts became tokens, where it is not as the checkpoint's files say: every number depends on it. */
function encoding({ bos, chat, system }: RunRecord['params']): readonly string[] {
  const parts = [
    ...(bos === 'with' ? ['with the BOS token'] : bos === 'without' ? ['without the BOS token'] : []),
    ...(chat === true ? ['through the chat template'] : []),
    ...(chat === true && typeof system === 'string' && system !== '' ? [`after the system prompt “${system}”`] : []),
  ]
  return parts.length === 0 ? [] : [`Prompts are encoded ${parts.join(', ')}.`]
}

/** A prompt that the first panel's caption quotes in full is not quoted in full again. */
function withoutRepeats(caption: string, first: string): string {
  return caption.replace(/“[^”]{20,}”/g, quote => (first.includes(quote) ? '“…”' : quote))
}

/** The longest end that all share, from the beginning of a sentence. */
function sharedEnd(texts: readonly string[]): string {
  const [first = '', ...rest] = texts
  let length = 0
  const least = Math.min(...texts.map(text => text.length))
  while (length < least && rest.every(text => text.at(-1 - length) === first.at(-1 - length))) length++
  const end = first.slice(first.length - length)
  if (length === first.length) return end
  const before = first.slice(0, first.length - length)
  for (const { index } of end.matchAll(/(?<=\. )\p{Lu}|(?<=; )\S/gu)) {
    // A full stop inside a quoted prompt ends no sentence of ours.
    const quotes = before + end.slice(0, index)
    if (quotes.split('“').length === quotes.split('”').length) return end.slice(index)
  }
  return ''
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
