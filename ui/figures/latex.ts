/**
 * A picture as LaTeX: `\includegraphics` at its exact width, a caption drafted from the run, and a
 * label. What LaTeX takes for markup is escaped; signs that pdfLaTeX has no letter for become math.
 */

export interface LatexFigure {
  /** File name of the PDF, beside the .tex file. */
  readonly file: string
  readonly widthIn: number
  readonly caption: string
  /** Becomes `fig:…`. */
  readonly label: string
  /** Spans both columns of a two-column page. */
  readonly wide: boolean
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  '`': '\\textasciigrave{}',
  '\n': '\\textbackslash{}n',
  '\t': '\\textbackslash{}t',
  '×': '$\\times$',
  '−': '$-$',
  '→': '$\\rightarrow$',
  '·': '$\\cdot$',
  '…': '\\ldots{}',
  Δ: '$\\Delta$',
  '≥': '$\\geq$',
  '≤': '$\\leq$',
  '±': '$\\pm$',
  '⏎': '$\\hookleftarrow$',
  '“': '``',
  '”': "''",
  '‘': '`',
  '’': "'",
  '–': '--',
  '—': '---',
}

/** Text for the body of a LaTeX document. */
export function escapeTex(text: string): string {
  let body = ''
  for (const character of text) {
    const next = ESCAPES[character] ?? (isControl(character) ? '' : character)
    body += LIGATURES.has(body.slice(-1) + next.charAt(0)) ? `{}${next}` : next
  }
  return body
}

/** Signs that TeX draws as one other sign where they stand side by side. */
const LIGATURES: ReadonlySet<string> = new Set(['--', "''", '``', ',,', '?`', '!`'])

export function figureTex({ file, widthIn, caption, label, wide }: LatexFigure): string {
  const environment = wide ? 'figure*' : 'figure'
  const body = escapeTex(caption)
  const foreign = [...new Set([...body].filter(character => !IN_T1.test(character) || NOT_IN_T1.test(character)))]
  return [
    '% Needs \\usepackage{graphicx}, and \\usepackage[T1]{fontenc} for pdfLaTeX. The caption is a draft: edit it.',
    ...(foreign.length === 0
      ? []
      : [
          `% The caption holds ${foreign.slice(0, 12).map(codeName).join(' ')}: XeLaTeX or LuaLaTeX with a font that has them.`,
        ]),
    `\\begin{${environment}}[t]`,
    '  \\centering',
    `  \\includegraphics[width=${Number(widthIn.toFixed(4))}in]{${file}}`,
    `  \\caption{${body}}`,
    `  \\label{fig:${label.replace(/[^\w-]/g, '-')}}`,
    `\\end{${environment}}`,
    '',
  ].join('\n')
}

/** What pdfLaTeX has letters for: most of Latin-1 and of Latin Extended-A, and Romanian. */
const IN_T1 = /[\n -~\u00a0-\u017f\u0218-\u021b]/
const NOT_IN_T1 = /[ĦħĸĿŀŉŦŧſ]/

function codeName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

function isControl(character: string): boolean {
  return /\p{Cc}/u.test(character)
}
