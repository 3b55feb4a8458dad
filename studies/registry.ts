/** The studies that ship with Patchlight, and the user's own by the path of their file. */
import { StudyError } from '../engine/errors.ts'
import { nearest } from '../engine/nearest.ts'
import neuronAblation from './neuron-ablation.ts'
import type { ParamSchema } from './params.ts'
import pathPatching from './path-patching.ts'
import type { Study } from './study.ts'
import timePatching from './time-patching.ts'
import { loadStudyFile } from './user-study.ts'
import yesNoSteering from './yes-no-steering.ts'

/** A study whose parameters' types are no longer known: they are checked against its schema at run time. */
export type AnyStudy = Study<ParamSchema>

export const BUILT_IN_STUDIES: readonly AnyStudy[] = [yesNoSteering, timePatching, neuronAblation, pathPatching]

export interface LoadedStudy {
  readonly study: AnyStudy
  /** The text of its file, where it is a user's own. */
  readonly source: string | null
  /** Why the file as it stands now is no study: this is the version before. */
  readonly problem: string | null
}

interface StudyPlace {
  readonly id: string
  readonly file?: string
}

/** A study by id, or by the absolute path of its file. @throws StudyError */
export async function loadStudy(ref: StudyPlace): Promise<AnyStudy> {
  return (await loadStudyWithSource(ref)).study
}

/** As `loadStudy`, with what it was made of. @throws StudyError */
export async function loadStudyWithSource(ref: StudyPlace): Promise<LoadedStudy> {
  if (ref.file !== undefined) return loadStudyFile(ref.file)
  return { study: builtInStudy(ref), source: null, problem: null }
}

function builtInStudy(ref: StudyPlace): AnyStudy {
  const found = BUILT_IN_STUDIES.find(study => study.id === ref.id)
  if (found !== undefined) return found
  const ids = BUILT_IN_STUDIES.map(study => study.id)
  throw new StudyError(
    `study ${JSON.stringify(ref.id)}: there is none of that name; the nearest are ${nearest(ref.id, ids).join(', ')}`,
  )
}
