/** Where a run begins: an invitation while the workbench is empty, and the studies to choose from. */
import { Link } from '../../parts/link.tsx'
import { useStudies } from '../../services/catalog.ts'
import { useFeedStatus, useRuns } from '../../services/feed.ts'
import { OwnStudies } from '../new-study/own-studies.tsx'
import { Invitation } from './invitation.tsx'
import './home.css'

export function HomePage() {
  const studies = useStudies()
  const runs = useRuns()
  const offline = useFeedStatus() === 'offline'
  // All at once: an invitation that came a moment later would push away what is about to be clicked.
  if (!offline && (runs === null || (studies.value === null && studies.error === null))) {
    return <div className="page" aria-busy="true" />
  }
  const empty = runs?.length === 0
  return (
    <div className="page">
      {empty && <Invitation />}
      {empty ? <h2 className="home-ask">Or ask one question</h2> : <h1>What do you want to know?</h1>}
      {studies.error !== null && <p className="sentence-error">{studies.error}</p>}
      <ul className="study-cards" aria-label="Studies">
        {studies.value?.map(study => (
          <li key={study.id}>
            <Link to={{ view: 'new', study: study.id, preset: null }} className="study-card card">
              <span className="study-card-title">{study.title}</span>
              <span className="study-card-question">{study.question}</span>
              <span className="study-card-foot muted small">
                {study.file === undefined ? presetNames(study.presets.map(preset => preset.title)) : study.file}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      <OwnStudies />
    </div>
  )
}

function presetNames(titles: readonly string[]): string {
  return titles.length === 0 ? 'no presets' : `Presets: ${titles.join(' · ')}`
}
