/** What does not change while the page is open: studies, models and the machine; asked for once, by whoever is first. */
import { useEffect } from 'react'
import type {
  BackendInUse,
  DoctorReport,
  ModelInfo,
  StudyFile,
  StudyInfo,
} from '../../../studies/runs/workbench-types.ts'
import { api } from '../../client/api.ts'
import { createStore, useStore } from './store.ts'

interface Loaded<T> {
  readonly value: T | null
  readonly error: string | null
}

function loadedOnce<T>(ask: () => Promise<T>): { use: () => Loaded<T>; again: () => Promise<void> } {
  const store = createStore<Loaded<T>>({ value: null, error: null })
  let asked = false
  const again = () => {
    asked = true
    return ask().then(
      value => store.set({ value, error: null }),
      error => {
        // Whoever needs it next asks again.
        asked = false
        store.set({ value: store.get().value, error: error instanceof Error ? error.message : String(error) })
      },
    )
  }
  return {
    again,
    use: () => {
      useEffect(() => {
        if (!asked) void again()
      }, [])
      return useStore(store)
    },
  }
}

const studies = loadedOnce<readonly StudyInfo[]>(() => api.studies())
const studyFiles = loadedOnce<readonly StudyFile[]>(() => api.studyFiles())
const models = loadedOnce<readonly ModelInfo[]>(() => api.models())
const backend = loadedOnce<BackendInUse>(() => api.backend())
const doctor = loadedOnce<DoctorReport>(() => api.doctor())

export const useStudies = studies.use
export const useStudyFiles = studyFiles.use
export const useModels = models.use
export const useBackend = backend.use
export const useDoctor = doctor.use

/** After the server was away: it may have other studies, models and another backend now. */
export function refreshCatalog(): void {
  void refreshStudies()
  void models.again()
  void backend.again()
}

/** After a study file was saved. Fulfilled when the list is the new one. */
export async function refreshStudies(): Promise<void> {
  await Promise.all([studies.again(), studyFiles.again()])
}

/** After a model was fetched. Fulfilled when the list is the new one. */
export const refreshModels = models.again
