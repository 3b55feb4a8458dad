/** Captions of panels that stand together: what all of them say is said once. */

export interface SharedCaption {
  /** The leading parts that all captions have in common. */
  readonly shared: string
  /** What is left of each. */
  readonly own: readonly string[]
}

/** Splits captions where sentences and their halves end, and takes out the parts that all begin with. */
export function shareCaption(captions: readonly string[]): SharedCaption {
  const parts = captions.map(caption => caption.split(/(?<=[.;]) /))
  const [first = []] = parts
  let common = 0
  while (common < first.length && parts.every(own => own[common] === first[common])) common++
  return { shared: first.slice(0, common).join(' '), own: parts.map(own => own.slice(common).join(' ')) }
}
