/** The checkpoints that a workbench offers: the embedded one, those it was given, and folders of folders. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
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
  readonly #dirs: readonly string[]
  readonly #known = new Map<string, { readonly changedMs: number; readonly description: ModelDescription }>()

  constructor(engine: EngineClient, given: readonly string[], environment: string | undefined) {
    this.#engine = engine
    this.#dirs = [
      ...new Set([
        ...given.map(dir => resolve(dir)),
        ...(existsSync(EMBEDDED_MODEL) ? [EMBEDDED_MODEL] : []),
        ...modelsFromEnvironment(environment),
      ]),
    ]
  }

  /** The folder of a request's model; the embedded one where none is named. */
  dirOf(model: string | undefined): string {
    return model === undefined ? EMBEDDED_MODEL : resolve(model)
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
    const models: ModelInfo[] = []
    for (const dir of this.#dirs) {
      try {
        const { info } = await this.describe(dir)
        models.push({ ...info, embedded: dir === EMBEDDED_MODEL })
      } catch (error) {
        onProblem(error instanceof Error ? error.message : String(error))
      }
    }
    return models
  }
}
