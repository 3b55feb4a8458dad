/**
 * The studies that a workbench offers. Their files are imported by the engine's process only: a
 * user's own file that hangs or crashes takes no server with it, and the page's process stays light.
 */
import { existsSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import { StudyError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import type { EngineClient } from './engine-client.ts'
import type { StudyInfo } from './workbench-types.ts'

const FILE_PATTERN = /\.[cm]?[jt]s$/

/** Whether a study is asked for by path rather than by id. */
function isStudyPath(study: string): boolean {
  return FILE_PATTERN.test(study) || study.includes('/') || study.includes(sep)
}

export class StudyList {
  readonly #engine: EngineClient
  readonly #files: readonly string[]
  readonly #allowPaths: boolean
  #builtIn: readonly StudyInfo[] | null = null

  /** `files` are offered beside the built-in ones; other paths only where `allowPaths`. */
  constructor(engine: EngineClient, files: readonly string[], allowPaths: boolean) {
    this.#engine = engine
    this.#files = files.map(file => resolve(file))
    this.#allowPaths = allowPaths
  }

  /** The study of one file, read anew, since people edit them. @throws StudyError */
  async fromFile(file: string): Promise<StudyInfo> {
    const path = resolve(file)
    if (!existsSync(path)) throw new StudyError(`study ${file}: there is no such file`)
    const [info] = await this.#engine.request('studies', { file: path })
    if (info === undefined) throw new StudyError(`study ${file}: it exports no study`)
    const builtIn = await this.builtIn()
    if (builtIn.some(study => study.id === info.id)) {
      throw new StudyError(`study ${file}: a built-in study has the id ${info.id} already; choose another`)
    }
    return info
  }

  async builtIn(): Promise<readonly StudyInfo[]> {
    this.#builtIn ??= await this.#engine.request('studies', {})
    return this.#builtIn
  }

  /** All that can be read; `onProblem` hears of the others. */
  async list(onProblem: (text: string) => void): Promise<StudyInfo[]> {
    const studies = [...(await this.builtIn())]
    for (const file of this.#files) {
      try {
        const info = await this.fromFile(file)
        const twin = studies.find(study => study.id === info.id)
        if (twin === undefined) studies.push(info)
        else onProblem(`study ${file}: ${twin.file} has the id ${info.id} already; choose another`)
      } catch (error) {
        onProblem(error instanceof Error ? error.message : String(error))
      }
    }
    return studies
  }

  /** By id, or by path. @throws StudyError naming the nearest ids. */
  async find(study: string): Promise<StudyInfo> {
    if (isStudyPath(study)) {
      if (this.#allowPaths || this.#files.includes(resolve(study))) return this.fromFile(study)
      throw new StudyError(`study ${study}: files are run from the command line, or offered with serve --study FILE`)
    }
    const studies = await this.list(() => {})
    const found = studies.find(info => info.id === study)
    if (found !== undefined) return found
    const near = nearest(
      study,
      studies.map(info => info.id),
    )
    throw new StudyError(
      `study ${JSON.stringify(study)}: there is none of that name; the nearest are ${near.join(', ')}`,
    )
  }
}
