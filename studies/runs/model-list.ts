/**
 * The checkpoints that a workbench offers: those it was given, the embedded one, folders of folders, and
 * what lies in the Hub's cache. They are looked for each time, since a pull may happen beside us.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listCached } from '../../engine/checkpoint/hub/cache.ts'
import { findModel } from '../../engine/checkpoint/hub/find-model.ts'
import { cacheFolder } from '../../engine/checkpoint/hub/settings.ts'
import type { EngineClient } from './engine-client.ts'
import type { ModelDescription } from './protocol.ts'
import type { ModelInfo } from './workbench-types.ts'

/** The checkpoint that ships with Patchlight. */
export const EMBEDDED_MODEL = fileURLToPath(new URL('../../engine/demo/checkpoint', import.meta.url))

const EMBEDDED_NAME = 'patchlight-demo'

function isCheckpoint(dir: string): boolean {
  return existsSync(join(dir, 'config.json'))
}

/** Checkpoints named by PATCHLIGHT_MODELS: each entry is one, or a folder that holds several. */
function modelsFromEnvironment(value: string | undefined): string[] {
  return (value ?? '')
    .split(delimiter)
    .filter(entry => entry !== '')
    .flatMap(entry => {
      const dir = resolve(entry)
      if (isCheckpoint(dir) || statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) return [dir]
      return readdirSync(dir)
        .map(name => join(dir, name))
        .filter(isCheckpoint)
    })
}

export class ModelList {
  readonly #engine: EngineClient
  readonly #given: readonly string[]
  readonly #environment: string | undefined
  /** Said already: the page asks for the list again and again. */
  readonly #problems = new Set<string>()
  readonly #known = new Map<string, { readonly changedMs: number; readonly description: ModelDescription }>()

  constructor(engine: EngineClient, given: readonly string[], environment: string | undefined) {
    this.#engine = engine
    this.#given = given
    this.#environment = environment
  }

  /**
   * The folder of a request's model, a path or `OWNER/NAME`; the embedded one where none is named.
   * @throws CheckpointError if it is nowhere
   */
  async dirOf(model: string | undefined): Promise<string> {
    return model === undefined ? EMBEDDED_MODEL : findModel(model)
  }

  /** @throws CheckpointError if the folder is no checkpoint that we read. */
  async describe(dir: string): Promise<ModelDescription> {
    const changedMs = statSync(join(dir, 'config.json'), { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN
    const known = this.#known.get(dir)
    if (known?.changedMs === changedMs) return known.description
    const { info } = await this.#engine.request('describe', { dir })
    const description = { info: dir === EMBEDDED_MODEL ? { ...info, name: EMBEDDED_NAME } : info }
    this.#known.set(dir, { changedMs, description })
    return description
  }

  /** Those that can be read; `onProblem` hears of the others. */
  async list(onProblem: (text: string) => void): Promise<ModelInfo[]> {
    const report = (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error)
      if (!this.#problems.has(text)) onProblem(text)
      this.#problems.add(text)
    }
    const models: ModelInfo[] = []
    for (const dir of await this.#dirs(report)) {
      try {
        const { info } = await this.describe(dir)
        models.push({ ...info, embedded: dir === EMBEDDED_MODEL })
      } catch (error) {
        report(error)
      }
    }
    return models
  }

  async #dirs(report: (error: unknown) => void): Promise<Set<string>> {
    const dirs = new Set<string>()
    for (const model of this.#given) {
      try {
        dirs.add(await findModel(model))
      } catch (error) {
        report(error)
      }
    }
    if (existsSync(EMBEDDED_MODEL)) dirs.add(EMBEDDED_MODEL)
    for (const dir of modelsFromEnvironment(this.#environment)) dirs.add(dir)
    for (const { dir } of await listCached(cacheFolder())) dirs.add(dir)
    return dirs
  }
}
