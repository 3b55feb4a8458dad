/** The form of a study: preset, model, parameters with their tokens, what will run, start. */
import { useMemo } from 'react'
import { api } from '../../../client/api.ts'
import { useAnswer } from '../../services/async.ts'
import { useModels, useStudies } from '../../services/catalog.ts'
import { LostPage } from '../home/lost-page.tsx'
import { prefillOf } from './form-state.ts'
import { NewRunForm } from './new-run-form.tsx'
import './new-run.css'

interface NewRunPageProps {
  readonly studyId: string
  readonly presetId: string | null
  /** A run whose parameters the form begins with. */
  readonly from: string | null
}

export function NewRunPage({ studyId, presetId, from }: NewRunPageProps) {
  const { value: studies, error } = useStudies()
  const models = useModels()
  const { value: record, error: lost } = useAnswer(from, signal => api.record(from ?? '', signal))
  const study = studies?.find(one => one.id === studyId)
  const prefill = useMemo(
    () => (record === null || study === undefined ? null : prefillOf(record, study, models.value ?? [])),
    [record, study, models.value],
  )
  const problem = error ?? lost
  if (studies === null || problem !== null) {
    return <div className="page">{problem !== null && <p className="sentence-error">{problem}</p>}</div>
  }
  if (study === undefined) return from === null ? <LostPage path={`/new/${studyId}`} /> : <NotOffered id={studyId} />
  if (from === null) return <NewRunForm study={study} presetId={presetId} />
  // Which of the models is the run's, only the list of models tells.
  if (prefill === null || (models.value === null && models.error === null)) return null
  return <NewRunForm study={study} presetId={prefill.preset} prefill={prefill} />
}

function NotOffered({ id }: { readonly id: string }) {
  return (
    <div className="page">
      <h1>The study {id} is not offered here</h1>
      <p className="muted">
        It was in a file of your own: start the server with <code>serve --study FILE</code> to run it again.
      </p>
    </div>
  )
}
