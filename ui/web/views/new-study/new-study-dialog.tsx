/** Asks for a new study's name, and opens its form. */
import { useEffect, useRef, useState } from 'react'
import { api } from '../../../client/api.ts'
import { refreshStudies } from '../../services/catalog.ts'
import { navigate } from '../../services/route.ts'
import { toast } from '../../services/toasts.ts'

export function NewStudyDialog({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [name, setName] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [writing, setWriting] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])

  const make = async () => {
    setWriting(true)
    setProblem(null)
    try {
      const study = await api.newStudy(name.trim())
      await refreshStudies()
      toast('info', `Written: ${study.file ?? study.id}. Open it in your editor; its form follows when you save.`)
      navigate({ view: 'new', study: study.id, preset: null })
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
      setWriting(false)
    }
  }
  return (
    <dialog ref={dialog} className="new-study card" aria-labelledby="new-study-title" onClose={onClose}>
      <form
        onSubmit={event => {
          event.preventDefault()
          void make()
        }}
      >
        <h2 id="new-study-title">New study</h2>
        <label className="new-study-name">
          <span>Name</span>
          <input
            className="input mono"
            placeholder="my-study"
            spellCheck={false}
            value={name}
            aria-describedby="new-study-help"
            onChange={event => setName(event.target.value)}
          />
        </label>
        <p id="new-study-help" className="muted small">
          Small letters, digits and hyphens. A commented file of this name is written where the server keeps your
          studies; it runs on the embedded model.
        </p>
        {problem !== null && (
          <p className="sentence-error" role="alert">
            {problem}
          </p>
        )}
        <div className="new-study-buttons">
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
          <button type="submit" className="button button-primary" disabled={writing || name.trim() === ''}>
            Write it
          </button>
        </div>
      </form>
    </dialog>
  )
}
