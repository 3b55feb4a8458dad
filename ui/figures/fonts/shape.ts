/**
 * From a line of text to glyphs in the order in which they stand: bidirectional text reordered
 * (Unicode's UAX 9, by bidi-js), cut where the font changes, each piece shaped by fontkit (which
 * joins Arabic and reorders Devanagari).
 */
import { createRequire } from 'node:module'
import type { Bidi } from 'bidi-js'
import type { GlyphRun } from 'fontkit'
import type { Weight } from './catalogue.ts'
import { clusters, needed } from './clusters.ts'
import { type Face, type FontSet, MISSING } from './font-set.ts'

// Its types describe an ES module; what Node loads is the function itself.
const makeBidi: () => Bidi = createRequire(import.meta.url)('bidi-js')
const bidi = makeBidi()

interface Run {
  readonly face: Face
  /** As it is drawn: in reading order, mirrored where the direction asks for it. */
  readonly text: string
  readonly glyphs: GlyphRun
  /** What it reads, where its glyphs do not say so: they were reordered, or stand for what no font has. */
  readonly reads: string | null
  readonly widthEm: number
}

export interface ShapedText {
  /** From left to right. */
  readonly runs: readonly Run[]
  readonly widthEm: number
}

interface Piece {
  readonly face: Face
  readonly level: number
  text: string
  source: string
}

/** The direction of the whole is left to right, as in the SVG: labels stand beside Latin ones. */
export function shape(fonts: FontSet, text: string, weight: Weight = 400): ShapedText {
  const { levels } = bidi.getEmbeddingLevels(text, 'ltr')
  const pieces: Piece[] = []
  let at = 0
  for (const cluster of clusters(text)) {
    const level = levels[at] ?? 0
    at += cluster.length
    // What has no glyph draws nothing: a joiner that stands alone, a direction mark that has done its work.
    if (needed(cluster).length === 0) continue
    const ownFace = fonts.faceOf(cluster, weight)
    const face = ownFace ?? fonts.faceOf(MISSING, weight)
    if (face === null) continue
    const drawn = ownFace === null ? MISSING : level % 2 === 1 ? mirrored(cluster) : cluster
    const last = pieces.at(-1)
    if (last !== undefined && last.level === level && last.face === face) {
      last.text += drawn
      last.source += cluster
    } else pieces.push({ face, level, text: drawn, source: cluster })
  }
  const runs = reordered(pieces).map(({ face, text: words, source, level }): Run => {
    const glyphs = face.font.layout(words)
    const reads = level === 0 && (source !== words || isReordered(source)) ? source : null
    return { face, text: words, glyphs, reads, widthEm: glyphs.advanceWidth / face.font.unitsPerEm }
  })
  return { runs, widthEm: runs.reduce((sum, { widthEm }) => sum + widthEm, 0) }
}

/** From each level down to 1, what is of that level or above stands in reverse (UAX 9, rule L2). */
function reordered(pieces: readonly Piece[]): readonly Piece[] {
  const order = [...pieces]
  const highest = Math.max(0, ...order.map(({ level }) => level))
  for (let level = highest; level > 0; level--) {
    let from = 0
    while (from < order.length) {
      let to = from
      while (to < order.length && (order[to]?.level ?? 0) >= level) to++
      if (to > from) order.splice(from, to - from, ...order.slice(from, to).reverse())
      from = to + 1
    }
  }
  return order
}

function mirrored(cluster: string): string {
  return bidi.getMirroredCharacter(cluster) ?? cluster
}

/**
 * Scripts whose glyphs, one by one, do not spell the text: Indic and other syllabic scripts, which
 * reorder. Right-to-left scripts do, from right to left, which readers of PDF expect.
 */
function isReordered(text: string): boolean {
  return !SPELLED.test(text)
}

const SPELLED =
  /^[\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Georgian}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Arabic}\p{Script=Hebrew}]*$/u
