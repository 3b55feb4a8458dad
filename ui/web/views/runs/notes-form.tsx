/** Name, note and tags of a run, typed in one place. What is saved is only what was changed here. */
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import type { MetaPatch, RunSummary } from '../../../../studies/runs/events.ts'
import { annotate } from '../../services/run-actions.ts'

interface NotesFormProps {
  readonly run: RunSummary
  readonly onClose: () => void
}

export function NotesForm({ run, onClose }: NotesFormProps) {
  const { meta } = run
  const id = useId()
  const first = useRef<HTMLInputElement>(null)
  const [name, setName] = useState(meta.name)
  const [note, setNote] = useState(meta.note)
  const [tags, setTags] = useState(meta.tags.join(', '))
  // What it was when the form was opened: another tab's change of something else must stay.
  const [before] = useState(meta)
  useEffect(() => {
    const opener = document.activeElement
    first.current?.focus()
    return () => {
      // The field that had the focus is gone with the form.
      if (document.activeElement === document.body && opener instanceof HTMLElement) opener.focus()
    }
  }, [])

  const save = async () => {
    if (await annotate(run.id, patchOf(before, name, note, tags))) onClose()
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    onClose()
  }
  return (
    <form
      className="notes-form"
      aria-label={`Name, note and tags of ${run.title}`}
      onSubmit={event => {
        event.preventDefault()
        void save()
      }}
      onKeyDown={onKey}
    >
      <label htmlFor={`${id}-name`}>Name</label>
      <input
        ref={first}
        id={`${id}-name`}
        className="input"
        maxLength={120}
        placeholder={run.title}
        value={name}
        onChange={event => setName(event.target.value)}
      />
      <label htmlFor={`${id}-tags`}>Tags</label>
      <input
        id={`${id}-tags`}
        className="input"
        placeholder="paper, am/pm"
        aria-describedby={`${id}-tags-help`}
        value={tags}
        onChange={event => setTags(event.target.value)}
      />
      <label htmlFor={`${id}-note`}>Note</label>
      <textarea
        id={`${id}-note`}
        className="input"
        rows={3}
        maxLength={4000}
        value={note}
        onChange={event => setNote(event.target.value)}
      />
      <div className="notes-form-foot">
        <button type="submit" className="button button-primary">
          Save
        </button>
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
        <span id={`${id}-tags-help`} className="muted small">
          Tags with commas between.
        </span>
      </div>
    </form>
  )
}

/** Tags that were there and are not typed any more go; those of other tabs stay. */
function patchOf(before: RunSummary['meta'], name: string, note: string, tags: string): MetaPatch {
  const typed = tags
    .split(',')
    .map(tag => tag.trim())
    .filter(tag => tag !== '')
  const same = (tag: string) => (other: string) => other.toLowerCase() === tag.toLowerCase()
  return {
    ...(name.trim() === before.name ? {} : { name }),
    ...(note.trim() === before.note ? {} : { note }),
    addTags: typed.filter(tag => !before.tags.some(same(tag))),
    removeTags: before.tags.filter(tag => !typed.some(same(tag))),
  }
}
