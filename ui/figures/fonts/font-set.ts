/**
 * The fonts of one figure: for all its text, subsets of the catalogue's fonts that hold those
 * characters and nothing else. The same few kilobytes measure the text, are embedded in SVG and PDF,
 * and give the outlines of the PNG, so that the three agree, and agree on every machine.
 */
import { readFile } from 'node:fs/promises'
import { create, type Font } from 'fontkit'
import subsetFont from 'subset-font'
import { StudyError } from '../../../engine/errors.ts'
import { FONT_PACKAGES, type FontPackage, holds, type Slice, slicesOf, type Weight } from './catalogue.ts'
import { clusters, needed } from './clusters.ts'

export interface Face {
  /** Unique in its set. */
  readonly name: string
  readonly family: string
  readonly weight: Weight
  /** A TrueType or OpenType font of the characters that are used. */
  readonly bytes: Buffer
  readonly font: Font
}

export interface TextOf {
  readonly regular: readonly string[]
  readonly bold?: readonly string[]
}

export interface FontSet {
  readonly faces: readonly Face[]
  /** The face that draws a cluster (a character with what combines with it); null where no font has it. */
  faceOf(cluster: string, weight: Weight): Face | null
  /** Characters that no font has; each is drawn as an empty box. */
  readonly missing: readonly string[]
}

/** Drawn for what no font has; its own place in the text stays right for whoever copies it. */
export const MISSING = '□'

/**
 * @param ownFont path of a font file (TrueType, OpenType, WOFF) that is asked first
 * @throws StudyError if that file is not a font
 */
export async function loadFonts(text: TextOf, ownFont?: string): Promise<FontSet> {
  const faces: Face[] = []
  const chosen: Record<Weight, Map<string, Face>> = { 400: new Map(), 700: new Map() }
  const missing = new Set<string>()
  for (const weight of [400, 700] as const) {
    const words = (weight === 400 ? text.regular : text.bold) ?? []
    if (words.length === 0) continue
    const open = new Set([...words, MISSING].flatMap(clusters).filter(cluster => needed(cluster).length > 0))
    for await (const face of sources(open, weight, ownFont)) {
      const found = [...open].filter(cluster => needed(cluster).every(code => hasGlyph(face.font, code)))
      if (found.length === 0) continue
      faces.push({ ...face, name: `F${faces.length}` })
      for (const cluster of found) {
        chosen[weight].set(cluster, faces[faces.length - 1] ?? face)
        open.delete(cluster)
      }
    }
    for (const cluster of open) missing.add(cluster)
  }
  return { faces, missing: [...missing], faceOf: (cluster, weight) => chosen[weight].get(cluster) ?? null }
}

/** Subsets that may hold some of what is still open, best first. Reads `open` anew each time. */
async function* sources(open: ReadonlySet<string>, weight: Weight, ownFont: string | undefined): AsyncGenerator<Face> {
  if (ownFont !== undefined) yield await userFace(ownFont, weight, [...open].join(''))
  for (const font of FONT_PACKAGES) {
    // What has no bold is drawn in regular: that is better than a false bold.
    const nearest = font.weights.includes(weight) ? weight : 400
    for (const slice of slicesOf(font, nearest)) {
      const wanted = [...open].filter(cluster => needed(cluster).every(code => holds(slice, code)))
      if (wanted.length > 0) yield await packagedFace(font, slice, nearest, wanted.join(''))
    }
  }
}

async function packagedFace(font: FontPackage, slice: Slice, weight: Weight, text: string): Promise<Face> {
  const bytes = await subset(await readFile(slice.file), text, font.variable)
  return { name: '', family: font.family, weight, bytes, font: open(bytes) }
}

async function userFace(file: string, weight: Weight, text: string): Promise<Face> {
  try {
    const source = await readFile(file)
    const bytes = await subset(source, text, false)
    return { name: '', family: open(source).familyName, weight, bytes, font: open(bytes) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StudyError(`font ${file}: expected a TrueType, OpenType or WOFF font, got: ${reason}`)
  }
}

function subset(source: Buffer, text: string, variable: boolean): Promise<Buffer> {
  return subsetFont(source, text, {
    targetFormat: 'sfnt',
    noHinting: true,
    ...(variable ? { variationAxes: { wght: 400 } } : {}),
  })
}

function open(bytes: Buffer): Font {
  const font = create(bytes)
  if ('fonts' in font) throw new Error('a collection of fonts; take one of them out of it')
  return font
}

/** A subset that holds none of the characters has no table of characters at all, and fontkit throws. */
function hasGlyph(font: Font, code: number): boolean {
  return font.numGlyphs > 1 && font.hasGlyphForCodePoint(code)
}
