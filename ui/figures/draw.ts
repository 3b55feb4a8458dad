/**
 * From a picture to its scene. Pure: the same picture and fonts give the same scene. Row 0 is at the
 * top and the colours are the page's, but the page's theme is not: ink is always on white.
 */
import { drawBar } from './draw-bar.ts'
import { drawPanel } from './draw-panel.ts'
import { BEYOND, drawFoot, footLines, goesBeyond } from './foot.ts'
import { layOut } from './layout.ts'
import { letter } from './letters.ts'
import { LINE, type Measure } from './metrics.ts'
import type { Annotation, Picture } from './picture.ts'
import { type Scene, type Shape, text } from './scene.ts'
import { tickLabel } from './text.ts'

export interface DrawOptions {
  readonly widthIn: number
  /** Size of tick labels and axis labels, in points. */
  readonly fontPt: number
  /** Draws the title above: papers put it in the caption. */
  readonly title: boolean
  /** Draws the caption below. */
  readonly caption: boolean
  readonly annotations: readonly Annotation[]
}

export function drawPicture(picture: Picture, options: DrawOptions, measure: Measure): Scene {
  const { widthIn, fontPt: font } = options
  const several = picture.panels.length > 1
  const titles = panelTitles(picture)
  const foot = footLines(picture, (widthIn * 72) / font - 2, options.caption, measure)
  const layout = layOut(
    picture.panels.map(({ spec }) => spec),
    {
      widthPt: widthIn * 72,
      fontPt: font,
      title: options.title,
      panelTitles: several ? titles.map((title, i) => `${letter(i)} ${title}`) : null,
      footLines: foot.length,
      barLabel: barLabel(picture),
      range: picture.range,
      measure,
    },
  )
  const shapes: Shape[] = []
  if (layout.titleAt !== null) {
    const left = layout.panels[0]?.left ?? 0
    shapes.push({ ...text(picture.title, left, layout.titleAt, font * 1.1), weight: 700 })
  }
  picture.panels.forEach((figure, i) => {
    const panel = layout.panels[i]
    if (panel === undefined) return
    shapes.push(
      ...drawPanel(figure, panel, {
        font,
        scale: picture.scale,
        range: picture.range,
        title: several ? { letter: letter(i), words: titles[i] ?? '' } : null,
        annotations: options.annotations.filter(({ figure: id }) => id === figure.spec.id),
        measure,
      }),
    )
  })
  shapes.push(...drawBar(picture, layout.bar, font))
  foot.forEach((line, i) => {
    shapes.push(
      ...drawFoot(line, Math.min(layout.panels[0]?.left ?? 0, 2 * font), layout.footAt + i * font * LINE, font),
    )
  })
  const description = picture.panels.map(({ spec }) => spec.caption).join(' ')
  return { width: layout.width, height: layout.height, title: picture.title, description, shapes }
}

/** A panel whose metric is not its neighbours' says it, since the colour bar cannot. */
function panelTitles({ panels }: Picture): readonly string[] {
  const differ = panels.some(({ spec }) => spec.metric !== panels[0]?.spec.metric)
  return panels.map(({ spec: { title, metric } }) =>
    differ && !title.includes(metric) ? `${title}: ${metric}` : title,
  )
}

/** The metric and its unit; where the panels' metrics differ, their unit alone, and their titles say the rest. */
function barLabel({ panels }: Picture): string {
  const metrics = new Set(panels.map(({ spec }) => spec.metric))
  const units = [...new Set(panels.map(({ spec }) => spec.unit))].filter(unit => unit !== '').join(' / ')
  const [metric = ''] = metrics
  if (metrics.size > 1) return units || [...metrics].join(' / ')
  return units === '' || units === metric ? metric : `${metric} (${units})`
}

/** Every text that a picture may hold, for the fonts that it needs. */
export function textsOf(picture: Picture, { annotations }: Pick<DrawOptions, 'annotations'>) {
  const specs = picture.panels.map(({ spec }) => spec)
  return {
    regular: [
      '0123456789−.e …·⏎⇥',
      'no value',
      ...(goesBeyond(picture) ? [BEYOND] : []),
      barLabel(picture),
      ...panelTitles(picture),
      ...specs.flatMap(({ title, caption, x, y, marks }) => [
        title,
        caption,
        x.label,
        y.label,
        ...[...x.ticks, ...y.ticks].map(tick => tickLabel(tick)),
        ...marks.flatMap(({ symbol, meaning }) => [symbol, meaning]),
      ]),
      ...annotations.map(note => note.text),
    ],
    bold: [picture.title, ...picture.panels.map((_, i) => letter(i))],
  }
}
