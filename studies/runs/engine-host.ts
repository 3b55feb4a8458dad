/** What the engine's process can be asked, method by method; `protocol.ts` types them. */
import { totalmem } from 'node:os'
import { basename } from 'node:path'
import { measureRate } from '../../engine/backends/measure.ts'
import type { Backend } from '../../engine/backends/types.ts'
import { internalError, PatchlightError, StudyError } from '../../engine/errors.ts'
import type { ParamSchema } from '../params.ts'
import { tokenizePrompt } from '../prompts.ts'
import { type AnyStudy, BUILT_IN_STUDIES, type LoadedStudy, loadStudyWithSource } from '../registry.ts'
import { CellDesk } from './cell/desk.ts'
import type { CellAnswer } from './cell/types.ts'
import { doctorReport } from './doctor.ts'
import { EngineModels } from './engine-models.ts'
import type { EventBody } from './events.ts'
import { generateSides } from './generate-sides.ts'
import type {
  EngineFacts,
  EngineMethods,
  GenerateCall,
  RequestMessage,
  RunCall,
  StudyCall,
  StudyRef,
} from './protocol.ts'
import { changedParameter } from './run-fit.ts'
import { checkCellQuestion, checkEstimate } from './study-answers.ts'
import { RunContext } from './study-context.ts'
import { versions } from './versions.ts'
import type { GenerateEvent, StudyInfo, TokenView } from './workbench-types.ts'

/** What a sweep may hold above the weights: a quarter of the machine, and what the 4 GB wasm heap bears. */
const MEMORY_SHARE = 0.25
const MEMORY_MAX_BYTES = 1.5 * 2 ** 30

export interface AnswerHooks {
  readonly signal: AbortSignal
  readonly began: (source: string | null) => void
  readonly events: (events: readonly EventBody[]) => void
  readonly generated: (event: GenerateEvent) => void
  /** Told before the file of a user's study is imported, and with null after. */
  readonly reading: (study: string | null) => Promise<void>
}

export class EngineHost {
  readonly #models = new EngineModels()
  readonly #desk = new CellDesk()
  /** GFLOP/s of each backend that was asked for its facts. */
  readonly #rates = new Map<Backend, number>()

  async answer(request: RequestMessage, hooks: AnswerHooks): Promise<EngineMethods[RequestMessage['method']]['out']> {
    switch (request.method) {
      case 'studies':
        return this.#studies(request.input.file, hooks)
      case 'facts':
        return this.#engineFacts(request.input.dir)
      case 'backend':
        return this.#models.withLoaded(request.input.dir, ({ backend, backendNote }) => {
          return { name: backend.name, library: backend.library, why: backendNote }
        })
      case 'describe':
        return this.#models.describe(request.input.dir)
      case 'fingerprint':
        return this.#models.fingerprint(request.input.dir)
      case 'tokenize':
        return this.#tokenize(request.input)
      case 'estimate':
        return this.#estimate(request.input, hooks)
      case 'run':
        return this.#run(request.input, hooks)
      case 'cell':
        return this.#cell(request.input, hooks)
      case 'generate':
        return this.#generate(request.input, hooks)
      case 'doctor':
        return doctorReport()
    }
  }

  async #studies(file: string | undefined, hooks: AnswerHooks): Promise<StudyInfo[]> {
    if (file === undefined) return BUILT_IN_STUDIES.map(study => studyInfo(study))
    const { study, problem } = await readStudy({ id: file, file }, hooks)
    return [{ ...studyInfo(study, file), ...(problem === null ? {} : { problem }) }]
  }

  async #engineFacts(dir: string): Promise<EngineFacts> {
    return this.#models.withAny(dir, ({ backend, backendNote }) => {
      const gflops = this.#rates.get(backend) ?? measureRate(backend, { rows: 128, size: 512, minMs: 20 })
      this.#rates.set(backend, gflops)
      const { name, library, dtype } = backend
      return { backend: name, library, dtype, backendNote, gflops, versions: versions() }
    })
  }

  async #tokenize({ dir, texts, options }: EngineMethods['tokenize']['in']): Promise<TokenView[]> {
    const tokenizer = await this.#models.tokenizer(dir)
    return texts.map(text => {
      const { ids, rendered } = tokenizePrompt(tokenizer, text, options)
      return { ids, labels: ids.map(id => tokenizer.label(id)), ...(rendered === null ? {} : { rendered }) }
    })
  }

  async #estimate(
    { dir, study: ref, params }: StudyCall,
    hooks: AnswerHooks,
  ): Promise<EngineMethods['estimate']['out']> {
    const { study } = await readStudy(ref, hooks)
    return this.#models.with(dir, model =>
      inStudy(study, ref.file, async () => checkEstimate(study.id, await study.estimate(model, params))),
    )
  }

  async #cell(
    { dir, study: ref, params, cell, look }: EngineMethods['cell']['in'],
    hooks: AnswerHooks,
  ): Promise<CellAnswer> {
    const { signal } = hooks
    const { study, source } = await readStudy(ref, hooks)
    return this.#models.with(dir, async model => {
      // Whoever went on to another cell while this one waited needs no answer.
      signal.throwIfAborted()
      return this.#desk.answer(
        model,
        {
          schema: study.params,
          params,
          study: [study.id, source],
          cell,
          look,
          questionOf: shared =>
            inStudy(study, ref.file, async () =>
              checkCellQuestion(study.id, await study.cell(shared, params, cell.figure, cell.index)),
            ),
        },
        signal,
      )
    })
  }

  async #generate({ dir, ...call }: GenerateCall, { generated, signal }: AnswerHooks): Promise<null> {
    const { model, release } = await this.#models.hold(dir)
    try {
      await generateSides(model, call, generated, signal)
      return null
    } finally {
      release()
    }
  }

  async #run(call: RunCall, hooks: AnswerHooks): Promise<EngineMethods['run']['out']> {
    const { study, source } = await readStudy(call.study, hooks)
    refuseAnother(study, call)
    const { model, release } = await this.#models.hold(call.dir)
    const context = new RunContext<ParamSchema>({
      model,
      params: call.params,
      seed: call.seed,
      memoryBytes: Math.min(totalmem() * MEMORY_SHARE, MEMORY_MAX_BYTES),
      signal: hooks.signal,
      resumed: call.resumed,
      emit: hooks.events,
    })
    try {
      await inStudy(study, call.study.file, () => study.estimate(model, call.params))
      hooks.signal.throwIfAborted()
      hooks.began(source)
      const { library } = model.backend
      if (library !== call.library)
        hooks.events([{ type: 'note', text: `Begun on ${call.library}, computed from here on ${library}.` }])
      await inStudy(study, call.study.file, () => study.run(context))
      return { outcome: hooks.signal.aborted ? 'cancelled' : 'done' }
    } catch (error) {
      if (hooks.signal.aborted && isAbort(error, hooks.signal)) return { outcome: 'cancelled' }
      throw error
    } finally {
      context.finish()
      release()
    }
  }
}

/** A study; of a user's own file the workbench hears, since importing it may never end. @throws StudyError */
async function readStudy(ref: StudyRef, { reading }: AnswerHooks): Promise<LoadedStudy> {
  if (ref.file === undefined) return loadStudyWithSource(ref)
  await reading(ref.file)
  try {
    return await loadStudyWithSource(ref)
  } finally {
    await reading(null)
  }
}

/** A user's own file may have been saved while its run waited. @throws StudyError */
function refuseAnother(study: AnyStudy, { study: asked, params }: RunCall): void {
  const why = study.id === asked.id ? changedParameter(study, { params }) : `its file now holds the study ${study.id}`
  if (why !== null) throw new StudyError(`study ${asked.id}: it changed while the run waited: ${why}; start a new run`)
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError')
}

/** Runs a study's code: what it throws by accident becomes a sentence that names the study and the line. */
async function inStudy<T>(study: AnyStudy, file: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error) || error instanceof PatchlightError || error.name === 'AbortError') throw error
    if (file === undefined) throw internalError(`study ${study.id}: ${error.message}`)
    const line = error.stack?.split('\n').find(frame => frame.includes(file))
    const [, position] = /:(\d+):\d+\)?$/.exec(line ?? '') ?? []
    const at = position === undefined ? '' : ` (line ${position} of ${basename(file)})`
    throw new StudyError(`study ${study.id}: ${error.name}: ${error.message}${at}`)
  }
}

function studyInfo(study: AnyStudy, file?: string): StudyInfo {
  const { id, title, question, about, params, presets } = study
  return { id, title, question, about, params, presets, ...(file === undefined ? {} : { file }) }
}
