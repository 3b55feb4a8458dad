/** The form of a study: preset, model, parameters with their tokens, what will run, start. */
import { useStudies } from '../../services/catalog.ts'
import { LostPage } from '../home/lost-page.tsx'
import { NewRunForm } from './new-run-form.tsx'
import './new-run.css'

interface NewRunPageProps {
  readonly studyId: string
  readonly presetId: string | null
}

export function NewRunPage({ studyId, presetId }: NewRunPageProps) {
  const { value: studies, error } = useStudies()
  if (studies === null) {
    return <div className="page">{error === null ? null : <p className="sentence-error">{error}</p>}</div>
  }
  const study = studies.find(one => one.id === studyId)
  return study === undefined ? <LostPage path={`/new/${studyId}`} /> : <NewRunForm study={study} presetId={presetId} />
}
