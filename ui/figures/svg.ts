/**
 * A figure as vector SVG, at an exact width in inches: cells as paths (Plotly's own export embeds
 * heatmaps as bitmaps), text as text. Pure: the same figure gives the same file. Row 0 is at the top,
 * as on the page, and the colours are the page's; the page's theme is not, ink is always on white.
 */
import type { FigureSpec } from '../../studies/figure.ts'
import { cellColour, cellPaths, levelColours } from './cells.ts'
import { type ColourRange, colourRange, NO_VALUE, takesDarkInk } from './colours.ts'
import { GAP, type Layout, LINE, layOut, TICK } from './layout.ts'
import { escapeXml, textWidthEm } from './text.ts'

export interface SvgOptions {
  /** @default 6.75, two columns of the common venues; 3.25 is one */
  readonly widthIn?: number
  /** Size of tick labels and axis labels, in points. @default 8 */
  readonly fontPt?: number
  /** @default Helvetica, Arial and what stands in for them */
  readonly fontFamily?: string
  /** Draws the title above. @default false: papers put it in the caption */
  readonly title?: boolean
  /** Draws the caption below. @default false */
  readonly caption?: boolean
  /** Values at the colour scale's ends, for panels on one scale. @default this figure's own */
  readonly range?: ColourRange
}

const INK = '#1a1a1a'
const FRAME = '#4d4d4d'
const FONT = "Helvetica, Arial, 'Liberation Sans', 'Noto Sans', sans-serif"

/**
 * @param values row-major [y · x]; NaN is "no value"
 * @param marks one a cell: 0 for none, else an index into `spec.marks` plus one
 */
export function figureSvg(
  spec: FigureSpec,
  values: ArrayLike<number>,
  marks: ArrayLike<number>,
  options: SvgOptions = {},
): string {
  const { widthIn = 6.75, fontPt = 8, fontFamily = FONT, title = false, caption = false } = options
  const range = options.range ?? colourRange(spec.scale, values)
  const foot = footLines(spec, values, marks, caption ? (widthIn * 72) / fontPt : null)
  const barLabel = spec.unit === '' ? spec.metric : `${spec.metric} (${spec.unit})`
  const layout = layOut(spec, { widthIn, fontPt, title, footLines: foot.length, range })
  const { width, height } = layout
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(widthIn)}in" height="${n(height / 72)}in"` +
      ` viewBox="0 0 ${n(width)} ${n(height)}" font-family="${escapeXml(fontFamily)}" font-size="${n(fontPt)}" fill="${INK}">`,
    `<title>${escapeXml(spec.title)}</title>`,
    `<desc>${escapeXml(spec.caption)}</desc>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    cells(spec, values, layout, range),
    markTexts(spec, values, marks, layout, range),
    axes(spec, layout),
    colourBar(spec, layout, barLabel),
    layout.titleAt === null
      ? ''
      : text(spec.title, layout.grid.left, layout.titleAt, `font-size="${n(fontPt * 1.1)}" font-weight="bold"`),
    ...foot.map((line, i) => footLine(line, layout, layout.footAt + i * fontPt * LINE)),
    '</svg>',
    '',
  ]
    .filter((part, i, parts) => part !== '' || i === parts.length - 1)
    .join('\n')
}

function cells(spec: FigureSpec, values: ArrayLike<number>, { grid, cell }: Layout, range: ColourRange): string {
  const paths = cellPaths(values, spec.x.ticks.length, spec.y.ticks.length, spec.scale, range)
  // Neighbours overlap by a hair: without, viewers show hairlines between them.
  const overlap = Math.min(0.04, 0.5 / Math.max(cell.width, cell.height))
  // Several figures may stand in one document, so the id is the figure's own.
  const clip = `${spec.id.replace(/[^\w-]/g, '_')}-grid`
  const frame = `x="${n(grid.left)}" y="${n(grid.top)}" width="${n(grid.width)}" height="${n(grid.height)}"`
  const place = `translate(${n(grid.left)} ${n(grid.top)}) scale(${s(cell.width)} ${s(cell.height)})`
  return [
    `<clipPath id="${clip}"><rect ${frame}/></clipPath>`,
    `<g clip-path="url(#${clip})"><g transform="${place}" stroke-width="${s(overlap)}">`,
    ...paths.map(({ colour, d }) => `<path fill="${colour}" stroke="${colour}" d="${d}"/>`),
    '</g></g>',
    `<rect ${frame} fill="none" stroke="${FRAME}" stroke-width=".6"/>`,
  ].join('\n')
}

/** One text element a row, symbol and ink; each sign has its own x. */
function markTexts(
  spec: FigureSpec,
  values: ArrayLike<number>,
  marks: ArrayLike<number>,
  { grid, cell, font }: Layout,
  range: ColourRange,
): string {
  const columns = spec.x.ticks.length
  const size = Math.min(font, cell.height * 0.95, cell.width * 1.3)
  const lines = new Map<string, { y: number; ink: string; symbol: string; x: string[] }>()
  for (let index = 0; index < marks.length; index++) {
    const symbol = spec.marks[(marks[index] ?? 0) - 1]?.symbol
    if (symbol === undefined) continue
    const row = Math.floor(index / columns)
    const dark = takesDarkInk(cellColour(values[index] ?? Number.NaN, spec.scale, range))
    const ink = dark ? INK : '#fff'
    const key = `${row} ${ink} ${symbol}`
    const line = lines.get(key) ?? { y: grid.top + (row + 0.5) * cell.height + size * 0.34, ink, symbol, x: [] }
    // A tenth of a point: thousands of these make up the file's size.
    line.x.push(String(Number((grid.left + ((index % columns) + 0.5) * cell.width).toFixed(1))))
    lines.set(key, line)
  }
  if (lines.size === 0) return ''
  const texts = [...lines.values()].map(({ y, ink, symbol, x }) => {
    const fill = ink === INK ? '' : ` fill="${ink}"`
    // A list of x places characters one by one: a sign of several needs an element each.
    if ([...symbol].length > 1) {
      return x.map(at => `<text x="${at}" y="${n(y)}"${fill}>${escapeXml(symbol)}</text>`).join('')
    }
    return `<text x="${x.join(' ')}" y="${n(y)}"${fill}>${escapeXml(symbol.repeat(x.length))}</text>`
  })
  return `<g text-anchor="middle" font-size="${n(size)}">\n${texts.join('\n')}\n</g>`
}

function axes(spec: FigureSpec, { grid, x, y }: Layout): string {
  const bottom = grid.top + grid.height
  const labelTop = bottom + TICK + GAP
  const xTexts = x.ticks.map(({ at, text: label }) =>
    x.upright
      ? turned(label, at + x.font * 0.35, labelTop, 'text-anchor="end"')
      : text(label, at, labelTop + x.font * 0.75, 'text-anchor="middle"'),
  )
  const yTexts = y.ticks.map(({ at, text: label }) =>
    text(label, grid.left - TICK - GAP, at + y.font * 0.35, 'text-anchor="end"'),
  )
  const lines = [
    ...x.ticks.map(({ at }) => `M${n(at)} ${n(bottom)}v${TICK}`),
    ...y.ticks.map(({ at }) => `M${n(grid.left)} ${n(at)}h-${TICK}`),
  ]
  return [
    `<path stroke="${FRAME}" stroke-width=".6" fill="none" d="${lines.join('')}"/>`,
    `<g xml:space="preserve" font-size="${n(x.font)}">`,
    ...xTexts,
    '</g>',
    `<g xml:space="preserve" font-size="${n(y.font)}">`,
    ...yTexts,
    '</g>',
    text(spec.x.label, grid.left + grid.width / 2, x.labelAt, 'text-anchor="middle"'),
    turned(spec.y.label, y.labelAt, grid.top + grid.height / 2, 'text-anchor="middle"'),
  ].join('\n')
}

function colourBar(spec: FigureSpec, { grid, bar, font }: Layout, label: string): string {
  const colours = levelColours(spec.scale)
  const right = bar.left + bar.width
  // Each colour covers all above it, which the next one paints over: no seams.
  const steps = colours.map((colour, i) => `<path fill="${colour}" d="M0 0h1v${colours.length - i}h-1z"/>`)
  return [
    `<g transform="translate(${n(bar.left)} ${n(grid.top)}) scale(${bar.width} ${s(grid.height / colours.length)})">`,
    ...steps,
    '</g>',
    `<rect x="${n(bar.left)}" y="${n(grid.top)}" width="${bar.width}" height="${n(grid.height)}" fill="none" stroke="${FRAME}" stroke-width=".6"/>`,
    `<path stroke="${FRAME}" stroke-width=".6" d="${bar.ticks.map(({ at }) => `M${n(right)} ${n(at)}h${TICK}`).join('')}"/>`,
    ...bar.ticks.map(tick => text(tick.text, right + TICK + GAP, tick.at + font * 0.35)),
    turned(label, bar.labelAt, grid.top + grid.height / 2, 'text-anchor="middle"'),
  ].join('\n')
}

type FootLine = string | { readonly swatch: true; readonly text: string }

/** What marks mean, what grey means, and the caption, wrapped. Only what occurs is explained. */
function footLines(
  spec: FigureSpec,
  values: ArrayLike<number>,
  marks: ArrayLike<number>,
  captionEm: number | null,
): readonly FootLine[] {
  const used = new Set(Array.from(marks))
  const lines: FootLine[] = spec.marks.flatMap((mark, i) =>
    used.has(i + 1) ? [`${mark.symbol}  ${mark.meaning}`] : [],
  )
  if (Array.from(values).some(Number.isNaN)) lines.push({ swatch: true, text: 'no value' })
  if (captionEm !== null) lines.push(...wrap(spec.caption, captionEm - 2))
  return lines
}

function footLine(line: FootLine, { grid, font }: Layout, y: number): string {
  if (typeof line === 'string') return text(line, Math.min(grid.left, 2 * font), y, 'xml:space="preserve"')
  const left = Math.min(grid.left, 2 * font)
  return (
    `<rect x="${n(left)}" y="${n(y - font * 0.75)}" width="${n(font * 0.8)}" height="${n(font * 0.8)}" fill="${NO_VALUE}"/>` +
    text(line.text, left + font * 1.2, y)
  )
}

function wrap(words: string, widthEm: number): readonly string[] {
  const lines: string[] = []
  for (const word of words.split(/\s+/).filter(part => part !== '')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim()
    if (lines.length > 0 && textWidthEm(longer) <= widthEm) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

function text(content: string, x: number, y: number, attributes = ''): string {
  return `<text x="${n(x)}" y="${n(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escapeXml(content)}</text>`
}

/** Text that reads upwards. */
function turned(content: string, x: number, y: number, attributes: string): string {
  return `<text transform="translate(${n(x)} ${n(y)}) rotate(-90)" ${attributes}>${escapeXml(content)}</text>`
}

/** A hundredth of a point is finer than any printer. */
function n(value: number): string {
  return String(Number(value.toFixed(2)))
}

/** Scales are multiplied by thousands of cells. */
function s(value: number): string {
  return String(Number(value.toPrecision(8)))
}
