/** Runs from files: by a button, or dropped anywhere on the page of runs. */
import { type DragEvent, type ReactNode, useRef, useState } from 'react'
import { importRuns } from '../../services/run-actions.ts'

export function ImportButton() {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <button type="button" className="button" onClick={() => input.current?.click()}>
        Import a run …
      </button>
      <input
        ref={input}
        type="file"
        accept=".patchlight"
        multiple
        hidden
        aria-label="Run files to import"
        onChange={event => {
          void importRuns([...(event.target.files ?? [])])
          // The same file may be chosen again.
          event.target.value = ''
        }}
      />
    </>
  )
}

/** Takes files that are dropped on it, and says so while one is held above it. */
export function ImportDrop({ children }: { readonly children: ReactNode }) {
  const [over, setOver] = useState(false)
  const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files')
  return (
    <section
      className="page runs-page"
      aria-label="History"
      data-drop={over}
      onDragOver={event => {
        if (!holdsFiles(event)) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false)
      }}
      onDrop={event => {
        if (!holdsFiles(event)) return
        event.preventDefault()
        setOver(false)
        void importRuns([...event.dataTransfer.files])
      }}
    >
      {children}
      {over && <p className="runs-drop">Drop to import</p>}
    </section>
  )
}
