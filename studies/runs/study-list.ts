/**
 * The studies that a workbench offers. Their files are imported by the engine's process only: a
 * user's own file that hangs or crashes takes no server with it, and the page's process stays light.
 */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { StudyError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import type { EngineClient } from './engine-client.ts'
import { writeStudyTemplate } from './study-template.ts'
import type { StudyFile, StudyInfo } from './workbench-types.ts'

const FILE_PATTERN = /\.[cm]?[jt]s$/

/** Whether a study is asked for by path rather than by id. */
function isStudyPath(study: string): boolean {
  return FILE_PATTERN.test(study) || study.includes('/') || study.includes(sep)
}

export interface StudyPlaces {
  /** Offered beside the built-in ones. */
  readonly files: readonly string[]
  /** What lies in it is offered too, and new studies are made there. */
  readonly folder: string | null
  /** Whether any other file may be named by its path. */
  readonly allowPaths: boolean
}

/** The study files in a folder: its neighbours that are no studies have an underscore in front, or lie deeper. */
function filesIn(folder: string | null): string[] {
  if (folder === null || !existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => FILE_PATTERN.test(name) && !/^[_.]|\.d\.[cm]?ts$/.test(name))
    .filter(entry => entry.isFile())
    .map(({ name }) => join(folder, name))
    .sort()
}

export class StudyList {
  readonly #engine: EngineClient
  readonly #given: readonly string[]
  readonly #folder: string | null
  readonly #allowPaths: boolean
  /** Files that were read once. */
  readonly #known = new Set<string>()
  #builtIn: readonly StudyInfo[] | null = null

  constructor(engine: EngineClient, { files, folder, allowPaths }: StudyPlaces) {
    this.#engine = engine
    this.#given = files.map(file => resolve(file))
    this.#folder = folder
    this.#allowPaths = allowPaths
  }

  /** Folders whose files are offered now. */
  folders(): readonly string[] {
    return [...new Set([...this.#given.map(file => dirname(file)), ...(this.#folder === null ? [] : [this.#folder])])]
  }

  #files(): readonly string[] {
    return [...new Set([...this.#given, ...filesIn(this.#folder)])]
  }

  /** The study of one file, read anew, since people edit them. @throws StudyError */
  async fromFile(file: string): Promise<StudyInfo> {
    const path = resolve(file)
    // Of a file that was there, the engine has the last version.
    if (!existsSync(path) && !this.#known.has(path)) throw new StudyError(`study ${file}: there is no such file`)
    const [info] = await this.#engine.request('studies', { file: path })
    if (info === undefined) throw new StudyError(`study ${file}: it exports no study`)
    const builtIn = await this.builtIn()
    if (builtIn.some(study => study.id === info.id)) {
      throw new StudyError(`study ${file}: a built-in study has the id ${info.id} already; choose another`)
    }
    this.#known.add(path)
    return info
  }

  async builtIn(): Promise<readonly StudyInfo[]> {
    this.#builtIn ??= await this.#engine.request('studies', {})
    return this.#builtIn
  }

  /** All that can be read; `onProblem` hears of the others. */
  async list(onProblem: (text: string) => void): Promise<StudyInfo[]> {
    const studies = [...(await this.builtIn())]
    for (const { info, problem } of await this.#own()) {
      if (info !== null) studies.push(info)
      else if (problem !== null) onProblem(problem)
    }
    return studies
  }

  /** Each file of the user's own, with the study in it or why there is none. */
  async ownFiles(): Promise<StudyFile[]> {
    return (await this.#own()).map(({ file, info, problem }) => ({ file, study: info?.id ?? null, problem }))
  }

  /**
   * Writes a study to begin with into the folder.
   * @throws StudyError where there is no folder, or the id is none or is taken
   */
  async create(id: string): Promise<StudyInfo> {
    if (this.#folder === null) throw new StudyError('new study: this workbench has no folder for studies')
    const taken = (await this.list(() => {})).find(study => study.id === id)
    if (taken !== undefined) throw new StudyError(`new study: there is a study ${id} already; choose another name`)
    const file = join(this.#folder, `${id}.ts`)
    writeStudyTemplate(file, id)
    return this.fromFile(file)
  }

  async #own(): Promise<{ file: string; info: StudyInfo | null; problem: string | null }[]> {
    const own: { file: string; info: StudyInfo | null; problem: string | null }[] = []
    for (const file of this.#files()) {
      try {
        const info = await this.fromFile(file)
        const twin = own.find(other => other.info?.id === info.id)
        const problem = `study ${file}: ${twin?.file} has the id ${info.id} already; choose another`
        own.push(twin === undefined ? { file, info, problem: info.problem ?? null } : { file, info: null, problem })
      } catch (error) {
        own.push({ file, info: null, problem: error instanceof Error ? error.message : String(error) })
      }
    }
    return own
  }

  /** By id, or by path. @throws StudyError naming the nearest ids. */
  async find(study: string): Promise<StudyInfo> {
    if (isStudyPath(study)) {
      if (this.#allowPaths || this.#files().includes(resolve(study))) return this.fromFile(study)
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
