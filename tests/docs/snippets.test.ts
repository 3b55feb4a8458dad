/** Every TypeScript fence of the docs against the real code: it type-checks, runs, and prints what it says. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { format, promisify } from 'node:util'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { promisedLines, type Snippet, snippetsOf } from './snippets.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Of a project that uses Patchlight: Patchlight is sources, so its own are checked with them. */
const READERS_OPTIONS = {
  strict: true,
  target: 'es2023',
  module: 'nodenext',
  noEmit: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  types: ['node'],
}
/** Within the repository, so that `patchlight` resolves as it does for its readers; hidden, so that no other check sees it. */
const folder = mkdtempSync(join(ROOT, 'tests/docs/.snippets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const modules = pages().flatMap(page =>
  snippetsOf(page, readFileSync(join(ROOT, page), 'utf8')).map(snippet => ({ ...snippet, file: write(snippet) })),
)

function pages(): string[] {
  return [
    'README.md',
    ...readdirSync(join(ROOT, 'docs')).flatMap(name => (name.endsWith('.md') ? [`docs/${name}`] : [])),
  ]
}

function write({ where, code }: Snippet): string {
  const file = join(folder, `${where.replaceAll(/[^A-Za-z0-9]+/g, '-')}.ts`)
  // An import or export makes it a module, where `await` may stand at the top.
  writeFileSync(file, `${code}\nexport {}\n`)
  return file
}

it('there are some', () => {
  expect(modules.filter(({ runs }) => runs).length).toBeGreaterThan(0)
})

it('all type-check', async () => {
  const project = join(folder, 'tsconfig.json')
  writeFileSync(project, JSON.stringify({ compilerOptions: READERS_OPTIONS, include: ['*.ts'] }))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [tsc, '-p', project]).catch(
    (error: { stdout: string; stderr: string }) => error,
  )
  expect(`${stdout}${stderr}`).toBe('')
})

describe('run, and print what they say', () => {
  it.each(modules.filter(({ runs }) => runs))('$where', async snippet => {
    const printed: string[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((...args) => {
      printed.push(format(...args))
    })
    try {
      await import(pathToFileURL(snippet.file).href)
    } finally {
      log.mockRestore()
    }
    const promised = promisedLines(snippet)
    if (promised.length > 0) expect(printed).toEqual(promised)
  })
})
