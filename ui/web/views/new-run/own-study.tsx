/** Where a user's own study is, and what is wrong with its file as it stands now. */
import type { StudyInfo } from '../../../../studies/runs/workbench-types.ts'
import '../new-study/new-study.css'

export function OwnStudy({ study }: { readonly study: StudyInfo }) {
  if (study.file === undefined) return null
  return (
    <>
      <p className="muted small own-study">
        Your own study, <code>{study.file}</code>. This form follows when you save it.
      </p>
      {study.problem !== undefined && (
        <p className="run-problem" role="alert">
          {study.problem}. The version before is used until it is mended.
        </p>
      )}
    </>
  )
}
