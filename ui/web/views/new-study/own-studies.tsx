/** The user's own study files: what is wrong with those that cannot be read, and a new one to begin with. */
import { useState } from 'react'
import { useStudyFiles } from '../../services/catalog.ts'
import { NewStudyDialog } from './new-study-dialog.tsx'
import './new-study.css'

export function OwnStudies() {
  const files = useStudyFiles().value ?? []
  const [naming, setNaming] = useState(false)
  const broken = files.filter(file => file.problem !== null)
  return (
    <section className="own-studies" aria-labelledby="own-studies-title">
      <div className="own-studies-words">
        <h2 id="own-studies-title">Write your own</h2>
        <p className="muted">
          A study is one TypeScript file. A new one works as it is: change what is patched, and the page follows each
          time you save.
        </p>
      </div>
      <button type="button" className="button" onClick={() => setNaming(true)}>
        New study …
      </button>
      {broken.length > 0 && (
        <ul className="own-studies-broken" aria-label="Study files that cannot be read">
          {broken.map(({ file, study, problem }) => (
            <li key={file} className="run-problem">
              {problem}.{study !== null && ' The version before is used until it is mended.'}
            </li>
          ))}
        </ul>
      )}
      {naming && <NewStudyDialog onClose={() => setNaming(false)} />}
    </section>
  )
}
