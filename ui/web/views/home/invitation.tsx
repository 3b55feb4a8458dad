/** The first thing that a newcomer sees: one button that shows what the workbench does. */
import { useState } from 'react'
import { useStudies } from '../../services/catalog.ts'
import { runAll } from '../../services/run-all.ts'
import { toastError } from '../../services/toasts.ts'

export function Invitation() {
  const studies = useStudies().value
  const [starting, setStarting] = useState(false)
  const built = (studies ?? []).filter(study => study.file === undefined)

  const startAll = async () => {
    setStarting(true)
    try {
      await runAll(built)
    } catch (error) {
      toastError(error)
      setStarting(false)
    }
  }

  return (
    <section className="invitation" aria-labelledby="invitation-title">
      <h1 id="invitation-title">See which parts of a model carry an answer</h1>
      <p>
        Patchlight changes one activation at a time and watches what the model says then. A small trained model is here
        already: its studies take seconds, and their heatmaps fill as the results come in.
      </p>
      <button
        type="button"
        className="button button-primary button-large"
        disabled={starting || built.length === 0}
        onClick={startAll}
      >
        {starting ? 'Starting …' : 'Run all studies on the embedded model'}
      </button>
    </section>
  )
}
