/**
 * A scene as PDF (pdfkit): vector cells, and text in embedded fonts. Text whose glyphs do not spell it
 * (Devanagari, characters that no font has) also says what it reads, so that copying and searching give
 * what was written. The same scene and date give the same bytes.
 */
import PDFDocument from 'pdfkit'
import type { FontSet } from './fonts/font-set.ts'
import { shape } from './fonts/shape.ts'
import { PAPER, type Scene, type Shape, type TextShape } from './scene.ts'

type Marks = Extract<Shape, { kind: 'marks' }>

/** @param createdAt when the run was made: a file that is written again should not differ */
export async function scenePdf(scene: Scene, fonts: FontSet, createdAt: Date): Promise<Buffer> {
  const { width, height, title, description } = scene
  const document = new PDFDocument({
    size: [width, height],
    margin: 0,
    // Text alone is enough to find, and pdfkit would load a standard font that nothing uses.
    font: '',
    displayTitle: true,
    pdfVersion: '1.7',
    info: { Title: title, Subject: description, Creator: 'Patchlight', CreationDate: createdAt, ModDate: createdAt },
  })
  const done = collect(document)
  for (const { name, bytes } of fonts.faces) document.registerFont(name, bytes)
  document.rect(0, 0, width, height).fill(PAPER)
  for (const each of scene.shapes) drawShape(document, each, fonts)
  document.end()
  return done
}

function collect(document: PDFKit.PDFDocument): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    document.on('data', (part: Buffer) => parts.push(part))
    document.on('end', () => resolve(Buffer.concat(parts)))
    document.on('error', reject)
  })
}

function drawShape(document: PDFKit.PDFDocument, each: Shape, fonts: FontSet): void {
  switch (each.kind) {
    case 'cells':
      drawCells(document, each)
      return
    case 'rect': {
      const { left, top, width, height, fill, stroke, strokeWidth = 1 } = each
      if (fill !== undefined) document.rect(left, top, width, height).fill(fill)
      if (stroke !== undefined) document.lineWidth(strokeWidth).rect(left, top, width, height).stroke(stroke)
      return
    }
    case 'lines':
      if (each.segments.length === 0) return
      for (const [x1, y1, x2, y2] of each.segments) document.moveTo(x1, y1).lineTo(x2, y2)
      document.lineWidth(each.width).stroke(each.colour)
      return
    case 'text':
      drawText(document, each, fonts)
      return
    case 'marks':
      drawMarks(document, each, fonts)
      return
  }
}

function drawCells(document: PDFKit.PDFDocument, each: Extract<Shape, { kind: 'cells' }>): void {
  const { left, top, width, height, columns, rows, colours } = each
  const cellWidth = width / columns
  const cellHeight = height / rows
  document.save()
  document.rect(left, top, width, height).clip()
  // Neighbours overlap by a hair: without, viewers show hairlines between them.
  document.lineWidth(Math.min(0.04 * Math.max(cellWidth, cellHeight), 0.5))
  for (const { colour, runs } of colours) {
    for (let i = 0; i < runs.length; i += 3) {
      const [x = 0, y = 0, length = 0] = [runs[i], runs[i + 1], runs[i + 2]]
      document.rect(left + x * cellWidth, top + y * cellHeight, length * cellWidth, cellHeight)
    }
    document.fillAndStroke(colour, colour)
  }
  document.restore()
}

function drawText(document: PDFKit.PDFDocument, each: TextShape, fonts: FontSet): void {
  const { text, x, y, size, anchor, turned, ink, weight } = each
  const { runs, widthEm } = shape(fonts, text, weight)
  if (runs.length === 0) return
  const width = widthEm * size
  let at = x - (anchor === 'start' ? 0 : anchor === 'middle' ? width / 2 : width)
  document.save()
  if (turned) document.rotate(-90, { origin: [x, y] })
  document.fillColor(ink).fontSize(size)
  for (const { face, text: words, reads, widthEm: em } of runs) {
    if (reads !== null) document.markContent('Span', { actual: reads })
    document.font(face.name).text(words, at, y, { lineBreak: false, baseline: 'alphabetic' })
    if (reads !== null) document.endMarkedContent()
    at += em * size
  }
  document.restore()
}

/** Outlined signs would be unsearchable, and no smaller: each is one short text. */
function drawMarks(document: PDFKit.PDFDocument, { symbol, size, ink, y, xs }: Marks, fonts: FontSet): void {
  for (const x of xs) {
    drawText(
      document,
      { kind: 'text', text: symbol, x, y, size, anchor: 'middle', turned: false, ink, weight: 400 },
      fonts,
    )
  }
}
