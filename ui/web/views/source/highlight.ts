/**
 * TypeScript in lines of coloured pieces, for reading: comments, texts, numbers, keywords and calls.
 * It looks at words, not at grammar, which is enough to find one's way in a file.
 */

export type PieceKind = 'comment' | 'text' | 'number' | 'keyword' | 'call' | 'plain'

export interface Piece {
  readonly kind: PieceKind
  readonly text: string
}

const KEYWORDS =
  'as async await break case catch class const continue default delete do else export extends false finally for from function if import in instanceof interface let new null of readonly return satisfies static switch this throw true try type typeof undefined void while yield'

const PIECES = new RegExp(
  [
    '(?<comment>//[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$))',
    '(?<text>\'(?:\\\\.|[^\'\\\\\\n])*\'?|"(?:\\\\.|[^"\\\\\\n])*"?|`(?:\\\\[\\s\\S]|[^`\\\\])*`?)',
    '(?<number>\\b(?:0[xob][\\da-fA-F_]+|\\d[\\d_]*(?:\\.\\d+)?(?:e[+-]?\\d+)?)n?\\b)',
    `(?<keyword>\\b(?:${KEYWORDS.replaceAll(' ', '|')})\\b)`,
    '(?<call>\\b[\\p{L}_$][\\p{L}\\d_$]*(?=\\())',
    // A word is one piece, so that no keyword is found inside of it.
    '(?<plain>[\\p{L}_$][\\p{L}\\d_$]*|[\\s\\S])',
  ].join('|'),
  'gu',
)

/** The lines of a text; every character of it is in some piece, line ends apart. */
export function highlight(text: string): readonly (readonly Piece[])[] {
  const lines: Piece[][] = [[]]
  for (const { 0: found, groups } of text.replaceAll('\r\n', '\n').matchAll(PIECES)) {
    const kind = kindOf(groups)
    found.split('\n').forEach((part, i) => {
      if (i > 0) lines.push([])
      if (part !== '') add(lines.at(-1) ?? [], kind, part)
    })
  }
  // A file ends with a line end, not with an empty line.
  if (lines.length > 1 && lines.at(-1)?.length === 0) lines.pop()
  return lines
}

function kindOf(groups: Readonly<Record<string, string | undefined>> = {}): PieceKind {
  for (const kind of ['comment', 'text', 'number', 'keyword', 'call'] as const) {
    if (groups[kind] !== undefined) return kind
  }
  return 'plain'
}

function add(line: Piece[], kind: PieceKind, text: string): void {
  const last = line.at(-1)
  if (last?.kind === kind) line[line.length - 1] = { kind, text: last.text + text }
  else line.push({ kind, text })
}
