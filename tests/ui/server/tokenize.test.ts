/** The token preview over HTTP: a form's prompt options reach the workbench, and what it rendered comes back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createApi } from '../../../ui/client/api.ts'
import { startServer } from '../../../ui/server/start.ts'
import { MemoryWorkbench } from '../../support/memory-workbench.ts'

async function serve() {
  const webRoot = mkdtempSync(join(tmpdir(), 'patchlight-web-'))
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>Patchlight</title>')
  const workbench = new MemoryWorkbench()
  const server = await startServer({ workbench, port: 0, webRoot })
  onTestFinished(async () => {
    await server.close()
    await workbench.close()
    rmSync(webRoot, { recursive: true })
  })
  return createApi({ base: server.url.replace(/\/$/, '') })
}

it('tokenizes with BOS, chat template and system prompt', async () => {
  const api = await serve()
  expect(await api.tokenize(undefined, ['a b'])).toEqual([{ ids: [0, 1], labels: ['a', ' b'] }])
  expect(await api.tokenize(undefined, ['a b'], { bos: 'with', chat: true, system: 'S' })).toEqual([
    { ids: [0, 1, 2], labels: ['<s>', 'S[a', ' b]'], rendered: 'S[a b]' },
  ])
})

it('refuses options that do not exist', async () => {
  const api = await serve()
  await expect(api.tokenize(undefined, ['a'], { bos: 'maybe' })).rejects.toThrow(/^request body\.bos: /)
})
