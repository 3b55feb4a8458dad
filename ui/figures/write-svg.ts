/**
 * A scene as SVG: cells as paths, text as text in fonts that the file carries, so that it can be
 * searched and edited. Where a viewer ignores embedded fonts (some editors do), the names of the fonts
 * and of their usual stand-ins follow. For the PNG the same is written with outlines for text.
 */
import subsetFont from 'subset-font'
import type { Face, FontSet } from './fonts/font-set.ts'
import { shape } from './fonts/shape.ts'
import { INK, PAPER, type Scene, type Shape, type TextShape } from './scene.ts'
import { escapeXml } from './text.ts'

const FALLBACK = "Helvetica, Arial, 'Liberation Sans', sans-serif"

/** Fonts of a scene as a style sheet: a few kilobytes each, since they hold the scene's characters only. */
async function styleSheet({ faces }: FontSet): Promise<string> {
  const rules = await Promise.all(faces.map(fontRule))
  return `<style>${rules.join('')}</style>`
}

async function fontRule({ family, weight, bytes, font }: Face): Promise<string> {
  const characters = font.characterSet
  const woff2 = await subsetFont(bytes, String.fromCodePoint(...characters), { targetFormat: 'woff2' })
  const ranges = characters.map(code => `U+${code.toString(16)}`).join()
  const src = `url(data:font/woff2;base64,${woff2.toString('base64')})`
  return `@font-face{font-family:${quoted(family)};font-weight:${weight};src:${src};unicode-range:${ranges}}`
}

function quoted(family: string): string {
  return `'${family.replace(/['\\<>&]/g, '')}'`
}

/** Text as text, with its fonts. */
export async function sceneSvg(scene: Scene, fonts: FontSet): Promise<string> {
  const families = [...new Set(fonts.faces.map(({ family }) => quoted(family)))]
  return document(scene, `font-family="${escapeXml([...families, FALLBACK].join(', '))}"`, [
    await styleSheet(fonts),
    ...scene.shapes.map(each => shapeSvg(each, textElement, markElements)),
  ])
}

/** Text as outlines: needs no font of whoever draws it. */
export function sceneOutlines(scene: Scene, fonts: FontSet): string {
  const outline = (words: TextShape) => outlined(words, fonts)
  const marks = ({ symbol, size, ink, y, xs }: Extract<Shape, { kind: 'marks' }>) =>
    xs
      .map(x => outline({ kind: 'text', text: symbol, x, y, size, anchor: 'middle', turned: false, ink, weight: 400 }))
      .join('')
  return document(
    scene,
    '',
    scene.shapes.map(each => shapeSvg(each, outline, marks)),
  )
}

function document({ width, height, title, description }: Scene, attributes: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${inches(width)}in" height="${inches(height)}in"` +
      ` viewBox="0 0 ${n(width)} ${n(height)}" fill="${INK}"${attributes === '' ? '' : ` ${attributes}`}>`,
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml(description)}</desc>`,
    `<rect width="100%" height="100%" fill="${PAPER}"/>`,
    ...parts.filter(part => part !== ''),
    '</svg>',
    '',
  ].join('\n')
}

function shapeSvg(
  each: Shape,
  drawText: (text: TextShape) => string,
  drawMarks: (marks: Extract<Shape, { kind: 'marks' }>) => string,
): string {
  switch (each.kind) {
    case 'cells':
      return cells(each)
    case 'rect': {
      const { left, top, width, height, fill = 'none', stroke, strokeWidth } = each
      const line = stroke === undefined ? '' : ` stroke="${stroke}" stroke-width="${strokeWidth}"`
      return `<rect x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${n(height)}" fill="${fill}"${line}/>`
    }
    case 'lines': {
      if (each.segments.length === 0) return ''
      const d = each.segments.map(([x1, y1, x2, y2]) => `M${n(x1)} ${n(y1)}L${n(x2)} ${n(y2)}`).join('')
      return `<path stroke="${each.colour}" stroke-width="${each.width}" fill="none" d="${d}"/>`
    }
    case 'text':
      return drawText(each)
    case 'marks':
      return drawMarks(each)
  }
}

function cells({ id, left, top, width, height, columns, rows, colours }: Extract<Shape, { kind: 'cells' }>): string {
  const cellWidth = width / columns
  const cellHeight = height / rows
  // Neighbours overlap by a hair: without, viewers show hairlines between them.
  const overlap = Math.min(0.04, 0.5 / Math.max(cellWidth, cellHeight))
  const frame = `x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${n(height)}"`
  return [
    `<clipPath id="${id}"><rect ${frame}/></clipPath>`,
    `<g clip-path="url(#${id})"><g transform="translate(${n(left)} ${n(top)}) scale(${s(cellWidth)} ${s(cellHeight)})" stroke-width="${s(overlap)}">`,
    ...colours.map(({ colour, runs }) => `<path fill="${colour}" stroke="${colour}" d="${runPath(runs)}"/>`),
    '</g></g>',
  ].join('\n')
}

/**
 * Rectangles, each left open at its left side (filling closes it, and the neighbour's hair covers it),
 * each move relative to the last where that is shorter: with thousands of cells, bytes count.
 */
function runPath(runs: readonly number[]): string {
  let d = ''
  let atX = 0
  let atY = 0
  for (let i = 0; i < runs.length; i += 3) {
    const [x = 0, y = 0, length = 0] = [runs[i], runs[i + 1], runs[i + 2]]
    const absolute = `M${x} ${y}`
    const relative = `m${x - atX}${y < atY ? '' : ' '}${y - atY}`
    d += `${relative.length < absolute.length && i > 0 ? relative : absolute}h${length}v1h-${length}`
    atX = x
    atY = y + 1
  }
  return d
}

function textElement({ text, x, y, size, anchor, turned, ink, weight }: TextShape): string {
  const place = turned ? `transform="translate(${n(x)} ${n(y)}) rotate(-90)"` : `x="${n(x)}" y="${n(y)}"`
  const rest = [
    ` font-size="${n(size)}"`,
    anchor === 'start' ? '' : ` text-anchor="${anchor}"`,
    weight === 400 ? '' : ` font-weight="${weight}"`,
    ink === INK ? '' : ` fill="${ink}"`,
    /^\s|\s$|\s\s/.test(text) ? ' xml:space="preserve"' : '',
  ].join('')
  return `<text ${place}${rest}>${escapeXml(text)}</text>`
}

/** One element for all, each sign with its own x; a sign of several characters needs an element each. */
function markElements({ symbol, size, ink, y, xs }: Extract<Shape, { kind: 'marks' }>): string {
  const common = `y="${n(y)}" font-size="${n(size)}" text-anchor="middle"${ink === INK ? '' : ` fill="${ink}"`}`
  // A tenth of a point: thousands of these make up the file's size.
  const places = xs.map(x => String(Number(x.toFixed(1))))
  if ([...symbol].length > 1) {
    return places.map(x => `<text x="${x}" ${common}>${escapeXml(symbol)}</text>`).join('')
  }
  return `<text x="${places.join(' ')}" ${common}>${escapeXml(symbol.repeat(xs.length))}</text>`
}

function outlined({ text, x, y, size, anchor, turned, ink, weight }: TextShape, fonts: FontSet): string {
  const { runs, widthEm } = shape(fonts, text, weight)
  const start = anchor === 'start' ? 0 : anchor === 'middle' ? -widthEm / 2 : -widthEm
  const paths: string[] = []
  let at = start * size
  for (const { face, glyphs, widthEm: width } of runs) {
    const scale = size / face.font.unitsPerEm
    let pen = 0
    glyphs.glyphs.forEach((glyph, i) => {
      const { xOffset = 0, yOffset = 0, xAdvance = 0 } = glyphs.positions[i] ?? {}
      const d = glyph.path.toSVG()
      if (d !== '') {
        const place = `${s(scale)} 0 0 ${s(-scale)} ${s(at + (pen + xOffset) * scale)} ${s(-yOffset * scale)}`
        paths.push(`<path transform="matrix(${place})" d="${d}"/>`)
      }
      pen += xAdvance
    })
    at += width * size
  }
  const place = `translate(${n(x)} ${n(y)})${turned ? ' rotate(-90)' : ''}`
  return `<g transform="${place}" fill="${ink}">${paths.join('')}</g>`
}

/** A hundredth of a point is finer than any printer. */
function n(value: number): string {
  return String(Number(value.toFixed(2)))
}

function inches(points: number): string {
  return String(Number((points / 72).toFixed(4)))
}

/** Scales are multiplied by thousands of cells. */
function s(value: number): string {
  return String(Number(value.toPrecision(8)))
}
