/** Whitespace made visible, in the signs that token labels use; apart from the text, so that it can be drawn paler. */

export interface WhitespaceRun {
  readonly shown: string
  /** Whether `shown` stands for whitespace rather than for itself. */
  readonly isMark: boolean
}

const MARKS: Readonly<Record<string, string>> = { ' ': '·', '\n': '⏎\n', '\t': '⇥' }

function mark(space: string): string {
  return MARKS[space] ?? `<U+${(space.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`
}

/** The text in order, runs of whitespace as marks; a line break stays one behind its mark. */
export function whitespaceRuns(text: string): WhitespaceRun[] {
  return (text.match(/\s+|\S+/g) ?? []).map(run => {
    const isMark = /\s/.test(run)
    return { isMark, shown: isMark ? [...run].map(mark).join('') : run }
  })
}
