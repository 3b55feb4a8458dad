/** A group's panels as lines in one chart, and what they and the bands around them are. */
import { useMemo, useRef } from 'react'
import type { FigureView } from '../../../client/run-view.ts'
import { lineAxis, lineOf, other } from '../../plot/lines.ts'
import type { FigureLook } from '../../services/look.ts'
import { useWidth } from '../../services/size.ts'
import { LineChart, type NamedLine } from './line-chart.tsx'

interface LineViewProps {
  readonly name: string
  readonly metric: string
  readonly panels: readonly FigureView[]
  readonly look: FigureLook
  readonly help: string
}

export function LineView({ name, metric, panels, look, help }: LineViewProps) {
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  // Panels that run along different things cannot share an axis: each kind has a chart.
  const charts = useMemo(() => chartsOf(panels, look), [panels, look])
  return (
    <div ref={frame} className="line-view">
      {width > 0 &&
        charts.map(chart => (
          <div key={chart.key}>
            <LineChart {...{ name, metric, width, help }} lines={chart.lines} axis={chart.axis} scale={look.scale} />
            <p className="figure-caption">{chart.words}</p>
          </div>
        ))}
    </div>
  )
}

function chartsOf(panels: readonly FigureView[], look: FigureLook) {
  const charts = new Map<string, FigureView[]>()
  for (const panel of panels) {
    const axis = panel.spec[lineAxis(panel.spec, look.transpose)]
    const key = JSON.stringify([axis.kind, axis.ticks])
    charts.set(key, [...(charts.get(key) ?? []), panel])
  }
  return [...charts].flatMap(([key, members]) => {
    const lines = members.map(
      (panel): NamedLine => ({
        id: panel.spec.id,
        title: panel.spec.title,
        unit: panel.spec.unit,
        line: lineOf(panel, look),
      }),
    )
    const [spec] = members.map(panel => panel.spec)
    const [first] = lines
    if (spec === undefined || first === undefined) return []
    return [{ key, lines, axis: spec[first.line.along], words: wordsOf(members, lines) }]
  })
}

/** What is drawn, in a sentence: a band that is not explained means nothing. */
function wordsOf(panels: readonly FigureView[], lines: readonly NamedLine[]): string {
  const overs = lines.map(({ line }, i) => {
    const label = panels[i]?.spec[other(line.along)].label ?? ''
    const count = Math.max(0, ...line.points.map(point => point.count))
    return {
      label,
      text: `${count} ${plural(label, count)}`,
      banded: line.points.some(point => point.interval !== null),
    }
  })
  const [first] = overs
  if (first === undefined) return ''
  const exceptions = lines.flatMap(({ title }, i) =>
    overs[i]?.text === first.text ? [] : [`“${title}” over ${overs[i]?.text}`],
  )
  const mean = [`Mean over ${first.text}`, ...exceptions].join('; ')
  const banded = overs.filter(over => over.banded)
  if (banded.length > 0)
    return `${mean}. Band: 95% confidence interval of the mean over ${banded[0]?.label}s (Student’s t).`
  const sampled = lines.some(({ line }) => line.sampled)
  return sampled
    ? `${mean}. An interval takes two at least.`
    : `${mean}; no interval, since ${plural(first.label, 2)} are no sample of anything.`
}

const plural = (word: string, count: number) => (count === 1 || word.endsWith('s') ? word : `${word}s`)
