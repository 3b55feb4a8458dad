/** BOS and chat template in the form: the tokens that are shown follow the switches, and the rendered text stands below. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { EMBEDDED_MODEL } from '../../studies/runs/model-list.ts'
import { setStage } from './support/setup.ts'

const stage = setStage()

/** The embedded checkpoint with a chat template. */
function chatCheckpoint(): string {
  const folder = mkdtempSync(join(tmpdir(), 'patchlight-chat-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(EMBEDDED_MODEL, folder, { recursive: true })
  const template = '{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}answer:'
  writeFileSync(join(folder, 'chat_template.jinja'), template)
  return folder
}

it('shows the prompt as it will run: with or without BOS, and as the chat template renders it', async () => {
  const page = await stage.open()
  await page.goto(`${stage.origin}/new/neuron-ablation`)
  await page.getByText('Advanced', { exact: true }).click()
  // The embedded model has no template.
  await page.getByRole('radio', { name: 'without BOS' }).waitFor()
  expect(await page.getByRole('switch', { name: 'Chat template' }).count()).toBe(0)
  expect(await page.getByRole('textbox', { name: 'System prompt' }).count()).toBe(0)
  await page.getByLabel('Model', { exact: true }).selectOption({ label: 'A checkpoint folder …' })
  await page.getByRole('textbox', { name: 'Checkpoint folder' }).fill(chatCheckpoint())
  await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('she sells')
  const tokens = page.getByRole('list', { name: 'Tokens of Prompt', exact: true })
  await tokens.getByText('<|begin_of_text|>').waitFor()

  await page.getByRole('radio', { name: 'without BOS' }).check()
  await tokens.getByText('<|begin_of_text|>').waitFor({ state: 'detached' })

  await page.getByRole('switch', { name: 'Chat template' }).click()
  await page.getByRole('textbox', { name: 'System prompt' }).fill('be brief')
  const rendered = page.getByRole('region', { name: 'Rendered text of Prompt', exact: true })
  await rendered.filter({ hasText: 'brief' }).waitFor()
  expect(await rendered.textContent()).toBe('<|begin_of_text|>system:·be·brief⏎\nuser:·she·sells⏎\nanswer:')
  // The template writes BOS, and the choice above takes it away again.
  expect(await tokens.getByText('<|begin_of_text|>').count()).toBe(0)

  await page.getByRole('switch', { name: 'Chat template' }).click()
  await page
    .getByText(/parameter system: expected no system prompt without the chat template/)
    .first()
    .waitFor()
})

it('generates from a chat, and offers one only where the model has a template', async () => {
  const page = await stage.open()
  await page.goto(`${stage.origin}/generate`)
  const tokens = page.getByRole('list', { name: 'Tokens of the prompt', exact: true })
  await tokens.getByText('<|begin_of_text|>').waitFor()
  const chat = page.getByRole('switch', { name: 'Chat template' })
  expect(await chat.count()).toBe(0)

  await page.getByLabel('Model', { exact: true }).selectOption({ label: 'A checkpoint folder …' })
  await page.getByRole('textbox', { name: 'Checkpoint folder' }).fill(chatCheckpoint())
  await chat.click()
  await page.getByRole('textbox', { name: 'System prompt' }).fill('be brief')
  await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('she sells')
  await page.getByRole('radio', { name: 'without BOS' }).check()
  const rendered = page.getByRole('region', { name: 'Rendered text of the prompt', exact: true })
  await rendered.filter({ hasText: /^<.*brief.*user:·she·sells/s }).waitFor()
  await tokens.getByText('<|begin_of_text|>').waitFor({ state: 'detached' })
  const asked = page.waitForRequest(request => request.url().endsWith('/api/generate'))
  await page.getByRole('button', { name: 'Generate', exact: true }).click()
  expect((await asked).postDataJSON()).toMatchObject({ chat: true, system: 'be brief', bos: 'without' })
  await page.getByRole('status', { name: 'Generation' }).getByText('Done.', { exact: true }).waitFor()
})
