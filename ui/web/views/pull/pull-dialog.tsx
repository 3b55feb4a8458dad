/** A model of the Hub, by its name, into the cache of this machine: progress, cancel, and what is in the way. */
import { useEffect, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import type { PullEvent } from '../../../../studies/runs/workbench-types.ts'
import { api } from '../../../client/api.ts'
import { formatBytes, formatDuration } from '../../format.ts'
import './pull.css'

interface PullDialogProps {
  /** The model is here now, in this folder. */
  readonly onDone: (dir: string) => void
  readonly onClose: () => void
}

export function PullDialog({ onDone, onClose }: PullDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const controller = useRef<AbortController | null>(null)
  const [name, setName] = useState('')
  const [event, setEvent] = useState<PullEvent | null>(null)
  const [going, setGoing] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    dialog.current?.showModal()
    return () => controller.current?.abort()
  }, [])

  const pull = async () => {
    const own = new AbortController()
    controller.current = own
    setGoing(true)
    setEvent(null)
    setProblem(null)
    let dir: string | null = null
    const hear = (heard: PullEvent) => {
      if (heard.type === 'done') dir = heard.dir
      else setEvent(heard)
    }
    try {
      await api.pull(name.trim(), hear, own.signal)
      if (dir !== null) onDone(dir)
    } catch (error) {
      if (!own.signal.aborted) setProblem(error instanceof Error ? error.message : String(error))
    }
    setEvent(null)
    setGoing(false)
  }

  // Outside of the form that asks for it: forms do not nest.
  return createPortal(
    <dialog ref={dialog} className="pull card" aria-labelledby="pull-title" onClose={onClose}>
      <form
        onSubmit={submit => {
          submit.preventDefault()
          // React's events rise through portals, to the form around.
          submit.stopPropagation()
          void pull()
        }}
      >
        <h2 id="pull-title">Get a model from the Hub</h2>
        <label className="pull-name">
          <span>Model</span>
          <input
            className="input mono"
            placeholder="OWNER/NAME"
            spellCheck={false}
            value={name}
            disabled={going}
            onChange={change => setName(change.target.value)}
          />
        </label>
        <p className="muted small">
          Fetches config, tokenizer and safetensors weights into the cache that Python’s libraries use too. What was
          fetched before a stop is kept.
        </p>
        {going && <PullProgress event={event} />}
        {problem !== null && (
          <p className="sentence-error" role="alert">
            {problem}
          </p>
        )}
        <div className="pull-buttons">
          {going ? (
            <button type="button" className="button" onClick={() => controller.current?.abort()}>
              Cancel
            </button>
          ) : (
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
          )}
          <button type="submit" className="button button-primary" disabled={going || name.trim() === ''}>
            Get it
          </button>
        </div>
      </form>
    </dialog>,
    document.body,
  )
}

function PullProgress({ event }: { readonly event: PullEvent | null }) {
  if (event?.type !== 'progress') {
    return <p className="muted">{event?.type === 'waiting' ? event.text : 'Asking the Hub …'}</p>
  }
  const { doneBytes, totalBytes, bytesPerSecond, etaMs, step, file } = event
  const amount = `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`
  const rate = bytesPerSecond === null ? '' : ` · ${formatBytes(bytesPerSecond)}/s`
  const left = etaMs === null ? '' : ` · ${formatDuration(etaMs)} left`
  return (
    <div className="pull-progress">
      <progress aria-label="Fetched" max={Math.max(1, totalBytes)} value={doneBytes} aria-valuetext={amount} />
      <span className="muted small">
        {step === 'check' ? `${amount} · checking ${file}` : `${amount}${rate}${left}`}
      </span>
    </div>
  )
}
