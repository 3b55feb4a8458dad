/** Text through the workbench: beside the engine's own, behind runs, stopped, and refused. */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { generate } from '../../../engine/generate.ts'
import { loadModel } from '../../../engine/load.ts'
import { generateWithHooks } from '../../../hooks/generate-with-hooks.ts'
import type { Intervention } from '../../../hooks/intervention.ts'
import { generateSides } from '../../../studies/runs/generate-sides.ts'
import { EMBEDDED_MODEL } from '../../../studies/runs/model-list.ts'
import { createWorkbench } from '../../../studies/runs/workbench.ts'
import type { GenerateEvent, GenerateRequest, GenerateSide, Workbench } from '../../../studies/runs/workbench-types.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'
import { COUNTING, reaches, temporaryFolder } from './support.ts'

const PROMPT = 'the time is 9:00'
const STEER: Intervention[] = [
  { at: 'L1H0', set: { zero: true } },
  { at: 'blocks.2.hook_resid_post', set: { scale: -1 } },
]
let workbench: Workbench
expectNoTensorLeaks()

beforeAll(() => {
  workbench = createWorkbench({
    runsDir: mkdtempSync(join(tmpdir(), 'patchlight-')),
    allowStudyPaths: true,
    backend: 'wasm',
  })
})

afterAll(async () => {
  await workbench.close()
  rmSync(workbench.runsDir, { recursive: true, force: true })
})

async function generated(
  request: GenerateRequest,
  signal = new AbortController().signal,
  onEvent: (event: GenerateEvent) => void = () => {},
): Promise<GenerateEvent[]> {
  const events: GenerateEvent[] = []
  await workbench.generate(
    request,
    event => {
      events.push(event)
      onEvent(event)
    },
    signal,
  )
  return events
}

function idsOf(events: readonly GenerateEvent[], side: GenerateSide): number[] {
  return events.flatMap(event => (event.type === 'token' && event.side === side ? [event.id] : []))
}

it('gives what the engine gives, without and with interventions, in turns of a token', async () => {
  const options = { maxTokens: 6, temperature: 0.9, seed: 7 }
  const events = await generated({ prompt: PROMPT, ...options, interventions: STEER })
  const model = await loadModel(EMBEDDED_MODEL, { backend: 'wasm' })
  const ids = model.tokenizer.encode(PROMPT)
  const plain: number[] = []
  for await (const { id } of generate(model, ids, options)) plain.push(id)
  const steered: number[] = []
  for await (const { id } of generateWithHooks(model, ids, { ...options, interventions: STEER })) steered.push(id)
  await model.dispose()

  expect(steered).not.toEqual(plain)
  expect(idsOf(events, 'unsteered')).toEqual(plain)
  expect(idsOf(events, 'steered')).toEqual(steered)
  expect(events[0]).toEqual({ type: 'began', prompt: { ids, labels: expect.arrayContaining([expect.any(String)]) } })
  const sides = events.flatMap(event => (event.type === 'token' ? [event.side] : []))
  expect(sides.slice(0, 4)).toEqual(['steered', 'unsteered', 'steered', 'unsteered'])
  expect(
    events
      .filter(event => event.type === 'end')
      .map(event => event.side)
      .sort(),
  ).toEqual(['steered', 'unsteered'])
})

it('frees both sides when it is stopped between them, and when one of them is refused', async () => {
  const model = await loadModel(EMBEDDED_MODEL, { backend: 'wasm' })
  const stop = new AbortController()
  let tokens = 0
  const stopped = generateSides(
    model,
    { prompt: PROMPT, interventions: STEER },
    event => {
      if (event.type === 'token' && ++tokens === 3) stop.abort()
    },
    stop.signal,
  )
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' })
  const late: Intervention = { at: 'L1H0', position: 12, set: { value: 1e38 } }
  await expect(
    generateSides(
      model,
      { prompt: PROMPT, interventions: [late, { at: 'blocks.1.hook_resid_post', position: 12, set: { scale: 1e38 } }] },
      () => {},
      new AbortController().signal,
    ),
  ).rejects.toThrow(/NaN/)
  await model.dispose()
})

it('renders the prompt and the donors that interventions name as the options say', async () => {
  const dir = temporaryFolder()
  cpSync(EMBEDDED_MODEL, dir, { recursive: true })
  writeFileSync(join(dir, 'chat_template.jinja'), '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}')
  expect((await workbench.models()).find(({ embedded }) => embedded)?.chatTemplate).toBe(false)
  const asked: GenerateRequest = {
    model: dir,
    prompt: PROMPT,
    maxTokens: 3,
    chat: true,
    system: 'be brief',
    bos: 'without',
  }
  const steer = (from: string | number[]): Intervention[] => [
    { at: 'blocks.3.hook_resid_post', position: -1, set: { from, position: -1 } },
  ]
  const other = 'she sells sea'
  const chat = await generated({ ...asked, interventions: steer(other) })
  const [began] = chat
  if (began?.type !== 'began') throw new Error('expected the beginning first')
  expect(began.prompt.rendered).toBe('system: be brief\nuser: the time is 9:00\n')
  expect(began.prompt.labels).not.toContain('<|begin_of_text|>')

  const model = await loadModel(EMBEDDED_MODEL, { backend: 'wasm' })
  const encode = (text: string) => model.tokenizer.encode(text, { specialTokens: false })
  const donor = encode('system: be brief\nuser: she sells sea\n')
  expect(began.prompt.ids).toEqual(encode(began.prompt.rendered ?? ''))
  await model.dispose()
  const byIds = await generated({ ...asked, interventions: steer(donor) })
  expect(idsOf(chat, 'steered')).toEqual(idsOf(byIds, 'steered'))
  // What an untouched text would give as a donor is something else.
  const plain = await generated({ ...asked, interventions: steer(encode(other)) })
  expect(idsOf(plain, 'steered')).not.toEqual(idsOf(chat, 'steered'))
})

it('follows a chat template that was written anew', async () => {
  const dir = temporaryFolder()
  cpSync(EMBEDDED_MODEL, dir, { recursive: true })
  const template = (word: string) =>
    writeFileSync(join(dir, 'chat_template.jinja'), `${word} {{ messages[0].content }}`)
  const rendered = async () => (await workbench.tokenize(dir, ['x'], { chat: true }))[0]?.rendered
  template('one')
  expect(await rendered()).toBe('one x')
  template('another')
  expect(await rendered()).toBe('another x')
})

it('without interventions there is one text', async () => {
  const events = await generated({ prompt: PROMPT, maxTokens: 2 })
  expect(events.map(event => event.type)).toEqual(['began', 'token', 'token', 'end'])
})

it('waits behind a run and says so; a run that comes later waits for the text, on another model too', async () => {
  const copy = temporaryFolder()
  cpSync(EMBEDDED_MODEL, copy, { recursive: true })
  const { id } = await workbench.start({ study: COUNTING, params: { rows: 10, columns: 5, sliceMs: 20 } })
  const order: string[] = []
  const done = reaches(workbench, id, 'done').then(() => order.push('run'))
  const events: GenerateEvent[] = []
  await workbench.generate({ prompt: PROMPT, maxTokens: 1 }, event => events.push(event), new AbortController().signal)
  order.push('text')
  await done
  expect(order).toEqual(['run', 'text'])
  expect(events[0]).toEqual({
    type: 'waiting',
    text: 'The run “Counting” computes; the text begins when it is done.',
  })

  const later: string[] = []
  const off = workbench.on('run', run => {
    if (run.id !== id && run.state === 'running') later.push('run')
  })
  let begun = () => {}
  const began = new Promise<void>(resolve => {
    begun = resolve
  })
  const text = generated({ prompt: PROMPT, maxTokens: 60, temperature: 5 }, undefined, () => begun()).then(() =>
    later.push('text'),
  )
  await began
  const run = await workbench.start({ study: COUNTING, model: copy, params: { rows: 1 } })
  await text
  await reaches(workbench, run.id, 'done', 'failed')
  off()
  expect(later.slice(0, 2)).toEqual(['text', 'run'])
  expect((await workbench.snapshot(run.id)).error).toBeNull()
})

it('stops: while it waits, and between two tokens', async () => {
  const { id } = await workbench.start({ study: COUNTING, params: { rows: 40, columns: 5, sliceMs: 20 } })
  const waiting = new AbortController()
  await expect(workbench.generate({ prompt: PROMPT }, () => waiting.abort(), waiting.signal)).rejects.toMatchObject({
    name: 'AbortError',
  })
  await workbench.cancel(id)

  const running = new AbortController()
  let tokens = 0
  const text = workbench.generate(
    { prompt: PROMPT, maxTokens: 200, interventions: STEER },
    event => {
      if (event.type === 'token' && ++tokens === 3) running.abort()
    },
    running.signal,
  )
  await expect(text).rejects.toMatchObject({ name: 'AbortError' })
  expect(tokens).toBeLessThan(100)
  expect((await generated({ prompt: PROMPT, maxTokens: 1 })).length).toBe(3)
})

it.each<[Partial<GenerateRequest>, RegExp]>([
  [{ interventions: [{ at: 'L99H0', set: { zero: true } }] }, /L99H0/],
  [{ interventions: [{ at: 'L1H0', position: 5000, set: { zero: true } }] }, /position/],
  [{ topP: 2 }, /^generate: expected topP/],
  [{ maxTokens: 0 }, /^generate: expected maxTokens/],
  [{ model: '/there/is/none' }, /\/there\/is\/none/],
])('refuses %o with one sentence, and nothing before it', async (wrong, sentence) => {
  const events: GenerateEvent[] = []
  const asked = workbench.generate(
    { prompt: PROMPT, ...wrong },
    event => events.push(event),
    new AbortController().signal,
  )
  await expect(asked).rejects.toThrow(sentence)
  expect(events).toEqual([])
})
