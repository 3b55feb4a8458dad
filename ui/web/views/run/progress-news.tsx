/**
 * A run's progress for those who hear the page: a polite live region that speaks at each quarter, and
 * not sooner than ten seconds after it last spoke; what a screen shows ten times a second would be
 * noise. The state has a region of its own beside the title.
 */
import { useEffect, useRef, useState } from 'react'
import type { RunState } from '../../../../studies/runs/events.ts'
import type { RunView } from '../../../client/run-view.ts'
import { formatDuration } from '../../format.ts'
import { type News, nextNews } from './news.ts'

interface ProgressNewsProps {
  readonly state: RunState
  readonly progress: RunView['progress']
}

export function ProgressNews({ state, progress }: ProgressNewsProps) {
  const last = useRef<News>({ quarter: 0, atMs: Number.NEGATIVE_INFINITY })
  const [text, setText] = useState('')
  useEffect(() => {
    if (progress === null || state !== 'running') return
    const news = nextNews(last.current, progress, performance.now())
    if (news === null) return
    last.current = news
    const left = progress.etaMs === null ? '' : `, about ${formatDuration(progress.etaMs)} left`
    setText(`${25 * news.quarter}% done${left}`)
  }, [state, progress])
  return (
    <p className="visually-hidden" role="status" aria-label="Progress of the run">
      {state === 'running' ? text : ''}
    </p>
  )
}
