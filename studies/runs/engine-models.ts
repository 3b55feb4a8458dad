/**
 * The engine process's model: one at a time, kept between requests while its files stay as they are,
 * and never exchanged under a run or a generated text.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { configReader } from '../../engine/checkpoint/config.ts'
import { checkpointName } from '../../engine/checkpoint/name.ts'
import { openCheckpoint } from '../../engine/checkpoint/open.ts'
import { StudyError } from '../../engine/errors.ts'
import { familyOf } from '../../engine/families/registry.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { hasChatTemplate } from '../../engine/tokenizer/chat.ts'
import { loadTokenizer } from '../../engine/tokenizer.ts'
import type { Tokenizer } from '../../engine/tokenizer-types.ts'
import type { ModelDescription } from './protocol.ts'

const WATCHED_FILE = /\.(json|jinja|safetensors)$/

/** Changes when a file of the checkpoint does. */
function signature(dir: string): string {
  try {
    return readdirSync(dir)
      .filter(name => WATCHED_FILE.test(name))
      .sort()
      .map(name => {
        const { mtimeMs, size } = statSync(join(dir, name))
        return `${name}:${mtimeMs}:${size}`
      })
      .join('|')
  } catch {
    // The loader's own error says more.
    return ''
  }
}

interface Kept<T> {
  readonly dir: string
  readonly signature: string
  readonly value: T
}

export class EngineModels {
  #model: Kept<Model> | null = null
  #tokenizer: Kept<Tokenizer> | null = null
  #fingerprint: Kept<string> | null = null
  /** Folder of the model that a run or a text computes on now. */
  #busyDir: string | null = null
  #turn: Promise<unknown> = Promise.resolve()
  /** Fulfilled when the last one that asked for a hold has given it back. */
  #released: Promise<void> = Promise.resolve()

  /**
   * Does something with a model, after whatever else was asked of models before.
   * @throws StudyError if a run or a text computes on another model
   */
  async with<T>(dir: string, use: (model: Model) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => use(await this.#get(dir)))
  }

  /** As `with`, but of the model that a run or a text computes on now, where one does: it must not be exchanged. */
  async withAny<T>(dir: string, use: (model: Model) => T): Promise<T> {
    return this.#inTurn(async () => {
      const computing = this.#busyDir === null ? null : this.#model
      return use(computing?.value ?? (await this.#get(dir)))
    })
  }

  /** As `with`, but of whatever model is loaded; this one is loaded only where none is. */
  async withLoaded<T>(dir: string, use: (model: Model) => T): Promise<T> {
    return this.#inTurn(async () => use(this.#model?.value ?? (await this.#get(dir))))
  }

  /** Loads a model and keeps it in place until `release`, after whoever holds one now; `with` goes on meanwhile. */
  async hold(dir: string): Promise<{ model: Model; release: () => void }> {
    const before = this.#released
    let give = () => {}
    this.#released = new Promise(resolve => {
      give = resolve
    })
    await before
    const release = () => {
      this.#busyDir = null
      give()
    }
    try {
      const model = await this.#inTurn(async () => {
        const got = await this.#get(dir)
        this.#busyDir = dir
        return got
      })
      return { model, release }
    } catch (error) {
      release()
      throw error
    }
  }

  /** The tokenizer alone: no weights are read for it. */
  async tokenizer(dir: string): Promise<Tokenizer> {
    const now = signature(dir)
    for (const kept of [this.#tokenizer, this.#model]) {
      if (kept?.dir !== dir || kept.signature !== now) continue
      return 'tokenizer' in kept.value ? kept.value.tokenizer : kept.value
    }
    const value = await loadTokenizer(dir)
    this.#tokenizer = { dir, signature: now, value }
    return value
  }

  async fingerprint(dir: string): Promise<string> {
    const now = signature(dir)
    if (this.#fingerprint?.dir === dir && this.#fingerprint.signature === now) return this.#fingerprint.value
    const checkpoint = await openCheckpoint(dir)
    try {
      const value = await checkpoint.fingerprint()
      this.#fingerprint = { dir, signature: now, value }
      return value
    } finally {
      await checkpoint.close()
    }
  }

  /** What the config and the tensors' headers tell; no weights are read. */
  async describe(dir: string): Promise<ModelDescription> {
    const checkpoint = await openCheckpoint(dir)
    try {
      const config = configReader({ ...checkpoint.config })
      const spec = familyOf(config).spec(config)
      let parameters = 0
      for (const tensor of checkpoint.tensors.values()) parameters += tensor.shape.reduce((a, b) => a * b, 1)
      const name = checkpointName(checkpoint.dir)
      const { family, layers, heads, dModel, dMlp, vocab } = spec
      const sizes = { family, layers: layers.length, heads, dModel, dMlp, vocab }
      const chatTemplate = await hasChatTemplate(checkpoint.dir)
      return { info: { dir: checkpoint.dir, name, ...sizes, parameters, bytes: checkpoint.bytes, chatTemplate } }
    } finally {
      await checkpoint.close()
    }
  }

  async #get(dir: string): Promise<Model> {
    const now = signature(dir)
    if (this.#model?.dir === dir && this.#model.signature === now) return this.#model.value
    if (this.#busyDir !== null) {
      const busy = this.#model?.value.name ?? this.#busyDir
      throw new StudyError(`model ${dir}: a run or a text is computed on ${busy}; ask again when it is done`)
    }
    const before = this.#model
    this.#model = null
    await before?.value.dispose()
    const value = await loadModel(dir)
    this.#model = { dir, signature: now, value }
    return value
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}
