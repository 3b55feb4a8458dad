/** How prompts become tokens: BOS, chat template and system prompt, the same in estimate, run, cell and preview. */
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CheckpointError, StudyError } from '../../engine/errors.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { loadTokenizer } from '../../engine/tokenizer.ts'
import type { Tokenizer } from '../../engine/tokenizer-types.ts'
import { resolveParams } from '../../studies/params-validate.ts'
import { PROMPT_PARAMS, promptOptionsOf } from '../../studies/prompt-params.ts'
import { encodePrompt, tokenizePrompt } from '../../studies/prompts.ts'
import { BUILT_IN_STUDIES, loadStudy } from '../../studies/registry.ts'
import { EMBEDDED_MODEL } from '../../studies/runs/model-list.ts'
import { temporaryFolder } from '../support/fixtures.ts'
import { reaches, testWorkbench } from './runs/support.ts'

const TEMPLATE =
  '{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}' +
  '{% if add_generation_prompt %}answer:{% endif %}'

const folder = temporaryFolder()
/** The embedded checkpoint with a chat template. */
const CHAT_MODEL = join(folder.dir, 'chat')
let model: Model
let chat: Tokenizer
let withoutBos: Tokenizer
/** Its chat template leaves out BOS. */
let quiet: Tokenizer

beforeAll(async () => {
  const copy = (name: string, files: Readonly<Record<string, string>>): string => {
    const dir = join(folder.dir, name)
    cpSync(EMBEDDED_MODEL, dir, { recursive: true })
    for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text)
    return dir
  }
  copy('chat', { 'chat_template.jinja': TEMPLATE })
  chat = await loadTokenizer(CHAT_MODEL)
  quiet = await loadTokenizer(copy('quiet', { 'chat_template.jinja': '{{ messages[0].content }}' }))
  withoutBos = await loadTokenizer(
    copy('no-bos', {
      'tokenizer_config.json': '{"bos_token": null, "tokenizer_class": "PreTrainedTokenizerFast"}',
      'chat_template.jinja': '{{ messages[0].content }}',
    }),
  )
  model = await loadModel(EMBEDDED_MODEL, { backend: 'wasm', tokenizer: chat })
})

afterAll(async () => {
  await model.dispose()
  folder.remove()
})

describe('BOS', () => {
  const text = 'she sells sea shells by the'

  it('is as the config says, or with, or without, and never doubled', () => {
    const plain = chat.encode(text, { specialTokens: false })
    const { bosId } = chat
    const ids = (bos?: string) => tokenizePrompt(chat, text, bos === undefined ? {} : { bos }).ids
    expect(ids()).toEqual(chat.encode(text))
    expect(ids('config')).toEqual([bosId, ...plain])
    expect(ids('with')).toEqual([bosId, ...plain])
    expect(ids('without')).toEqual(plain)
  })

  it('is added where the tokenizer has one that it does not put itself', () => {
    const plain = chat.encode(text, { specialTokens: false })
    expect(tokenizePrompt(quiet, text, { chat: true }).ids).toEqual(plain)
    expect(tokenizePrompt(quiet, text, { chat: true, bos: 'with' }).ids).toEqual([chat.bosId, ...plain])
  })

  it('cannot be asked of a tokenizer that has none', () => {
    expect(withoutBos.bosId).toBeNull()
    expect(() => tokenizePrompt(withoutBos, text, { bos: 'with' })).toThrow(StudyError)
    expect(() => tokenizePrompt(withoutBos, text, { bos: 'with' })).toThrow(/^parameter bos: expected a tokenizer that/)
    expect(tokenizePrompt(withoutBos, text, { bos: 'without' }).ids).toEqual(withoutBos.encode(text))
    expect(() => tokenizePrompt(chat, text, { bos: 'maybe' })).toThrow(
      'parameter bos: expected config, with or without',
    )
  })
})

describe('the chat template', () => {
  it('renders user and system message, and keeps its own BOS once', () => {
    const { ids, rendered } = tokenizePrompt(chat, 'is it noon?', { chat: true, system: 'be brief' })
    expect(rendered).toBe('<|begin_of_text|>system: be brief\nuser: is it noon?\nanswer:')
    expect(ids.filter(id => id === chat.bosId)).toEqual([chat.bosId])
    expect(chat.decode(ids)).toBe(rendered)
    expect(tokenizePrompt(chat, 'is it noon?', { chat: true }).rendered).not.toContain('system')
    const choose = (bos: string) => tokenizePrompt(chat, 'is it noon?', { chat: true, system: 'be brief', bos }).ids
    expect(choose('with')).toEqual(ids)
    expect(choose('without')).toEqual(ids.slice(1))
    expect(tokenizePrompt(chat, 'is it noon?').rendered).toBeNull()
  })

  it('is needed for a system prompt, and must be there', async () => {
    expect(() => encodePrompt(model, 'a', { system: 'be brief' })).toThrow(/^parameter system: .* turn the template on/)
    const plain = await loadTokenizer(EMBEDDED_MODEL)
    expect(() => tokenizePrompt(plain, 'a', { chat: true })).toThrow(CheckpointError)
    expect(() => encodePrompt(model, ' ', { chat: true })).toThrow('got an empty prompt')
  })
})

it('options are taken from values only where the study has all three parameters', () => {
  const values = { bos: 'with', chat: true, system: 'x' }
  expect(promptOptionsOf(PROMPT_PARAMS, values)).toEqual(values)
  expect(promptOptionsOf({ chat: PROMPT_PARAMS.chat }, values)).toEqual({})
})

/** A study's figure whose first cell is asked about, and the parameter whose prompt that cell's run is of. */
const CELLS: readonly (readonly [study: string, figure: string, prompt: (params: Params) => unknown])[] = [
  ['yes-no-steering', 'q1-parts-yes', ({ neutral }) => (Array.isArray(neutral) ? neutral[0] : undefined)],
  ['time-patching', 'recovered-resid', ({ corrupted }) => corrupted],
  ['time-patching', 'neuron-effects', ({ pairs }) => (Array.isArray(pairs) ? pairs[0]?.[1] : undefined)],
  ['neuron-ablation', 'layer-0', ({ prompt }) => prompt],
]
type Params = ReturnType<typeof resolveParams>

describe('every built-in study', () => {
  it.each(BUILT_IN_STUDIES.map(study => study.id))('%s has the parameters', async id => {
    expect((await loadStudy({ id })).params).toMatchObject(PROMPT_PARAMS)
  })

  it.each(CELLS)('%s runs %s on the tokens that the options give', async (id, figure, promptOf) => {
    const study = await loadStudy({ id })
    for (const options of [{}, { bos: 'without' }, { chat: true, system: 'be brief' }]) {
      const params = resolveParams(study.params, null, {
        ...(id === 'neuron-ablation' ? { layers: '0' } : {}),
        ...options,
      })
      const question = await study.cell(model, params, figure, 0)
      expect(question?.ids).toEqual(tokenizePrompt(chat, String(promptOf(params)), options).ids)
      // Donors are of the same making.
      const set = question?.interventions[0]?.set
      if (set !== undefined && 'from' in set) expect(set.from[0] === chat.bosId).toBe(question?.ids[0] === chat.bosId)
    }
  })

  it('counts patches by the tokens that will run', async () => {
    const study = await loadStudy({ id: 'time-patching' })
    const patches = async (options: object) =>
      (await study.estimate(model, resolveParams(study.params, null, { pairs: [], ...options }))).patches
    // A position fewer in each of three sites.
    const layers = model.spec.layers.length
    expect((await patches({})) - (await patches({ bos: 'without' }))).toBe(3 * layers)
    expect(await patches({ chat: true })).toBeGreaterThan(await patches({}))
  })
})

it('a run records the tokens that the preview showed, and computes on them', async () => {
  const workbench = testWorkbench()
  const text = 'she sells sea shells by the'
  const options = { chat: true, system: 'be brief', bos: 'without' }
  const [preview] = await workbench.tokenize(CHAT_MODEL, [text], options)
  expect(preview?.rendered).toContain(`user: ${text}\n`)
  const { id } = await workbench.start({
    study: 'neuron-ablation',
    model: CHAT_MODEL,
    params: { prompt: text, ...options },
  })
  await reaches(workbench, id, 'done', 'failed')
  const { record, summary } = await workbench.snapshot(id)
  expect(record.tokens?.prompt).toEqual([preview?.ids])
  const figure = `layer-${model.spec.layers.length - 1}`
  const detail = await workbench.cell(id, { figure, index: 0 }, 'detail', {})
  expect(detail.window.labels).toEqual(preview?.labels)
  expect(summary['P(target) without ablation']).toBeCloseTo(
    detail.top.find(token => token.before.rank === 0)?.before.prob ?? Number.NaN,
    6,
  )
  const [plain] = await workbench.tokenize(CHAT_MODEL, [text])
  expect(plain?.rendered).toBeUndefined()
  expect(plain?.ids).not.toEqual(preview?.ids)
})
