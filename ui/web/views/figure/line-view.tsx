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
    const { along, sampled } = first.line
    return [{ key, lines, axis: spec[along], words: wordsOf(lines, spec[other(along)].label, sampled) }]
  })
}

/** What is drawn, in a sentence: a band that is not explained means nothing. */
function wordsOf(lines: readonly NamedLine[], over: string, sampled: boolean): string {
  const counts = lines.flatMap(({ line }) => line.points.map(point => point.count))
  const most = Math.max(0, ...counts)
  if (!sampled) return `Line: mean over ${most} ${plural(over, most)}. They are no sample, so there is no interval.`
  return most < 2
    ? `Line: the one ${over}. An interval takes at least two.`
    : `Line: mean over up to ${most} ${plural(over, most)}; band: 95% confidence interval of that mean (Student’s t).`
}

const plural = (word: string, count: number) => (count === 1 || word.endsWith('s') ? word : `${word}s`)
