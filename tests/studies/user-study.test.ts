import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorkbench } from '../../studies/runs/workbench.ts'
import type { Workbench } from '../../studies/runs/workbench-types.ts'
import { temporaryFolder } from './runs/support.ts'

const WHOLE = `
import { defineStudy, StudyError } from 'patchlight/studies'
import { title } from './words.ts'
const question: string = await Promise.resolve('Does it load?')
export default defineStudy({
  id: 'my-own', title, question, about: 'Nothing.',
  params: { depth: { kind: 'number', label: 'Depth', help: 'How deep.', default: 2, min: 1 } },
  presets: [],
  estimate: async () => { throw new StudyError('my-own: never') },
  run: async () => {},
  cell: async () => null,
})`

let workbench: Workbench

beforeAll(() => {
  workbench = createWorkbench({ allowStudyPaths: true, backend: 'wasm' })
})
afterAll(() => workbench.close())

function studyFile(text: string, name = 'own.ts'): string {
  const dir = temporaryFolder()
  writeFileSync(join(dir, 'words.ts'), "export const title: string = 'My own'\n")
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

describe('a user’s own study', () => {
  it('loads from anywhere: types, imports of patchlight and of its neighbours, top-level await', async () => {
    const path = studyFile(WHOLE)
    expect(await workbench.study(path)).toMatchObject({
      id: 'my-own',
      title: 'My own',
      question: 'Does it load?',
      file: path,
      params: { depth: { default: 2 } },
    })
  })

  it('is read anew after it was changed, and so are the files that it imports', async () => {
    const path = studyFile(WHOLE)
    await workbench.study(path)
    writeFileSync(join(path, '..', 'words.ts'), "export const title = 'Another'\n")
    writeFileSync(path, WHOLE.replace('default: 2', 'default: 3'))
    expect(await workbench.study(path)).toMatchObject({ title: 'Another', params: { depth: { default: 3 } } })
  })

  it.each([
    [
      'a syntax error',
      'export default {\n  a: ,\n}',
      /^study own\.ts: syntax error at line 2, column 5: Unexpected ","$/,
    ],
    [
      'no default export',
      'export const study = 1',
      /^study own\.ts: it has no default export; end it with export default/,
    ],
    [
      'a missing field',
      WHOLE.replace("about: 'Nothing.',", ''),
      /^study own\.ts: its default export is no study: about: /,
    ],
    ['an id that is no name', WHOLE.replace("'my-own'", "'My Own'"), /no study: id: expected kebab-case \(line 6\)$/],
    ['an unknown kind of parameter', WHOLE.replace("'number'", "'numbr'"), /no study: params\.depth\.kind: /],
    [
      'a default out of range',
      WHOLE.replace('default: 2', 'default: 0'),
      /own\.ts: parameter depth: expected a number of at least 1, got 0 \(line 7\)$/,
    ],
    [
      'a missing module',
      "import 'no-such-package'",
      /^study own\.ts: it cannot be imported: Cannot find package 'no-such-package'/,
    ],
    [
      'an exception at the top level',
      "throw new Error('early')",
      /^study own\.ts: it cannot be imported: early \(line 1\)$/,
    ],
  ])('with %s is refused in one sentence', async (_what, text, message) => {
    const error = await workbench.study(studyFile(text)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    if (!(error instanceof Error)) return
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('\n')
  })

  it('that awaits for ever is given up, and not read again before it is saved again', () => {
    const path = studyFile('await new Promise(() => {})')
    const module = new URL('../../studies/user-study.ts', import.meta.url).href
    const script = [
      `import { loadStudyFile } from ${JSON.stringify(module)}`,
      `const told = error => console.log(error.message)`,
      `await loadStudyFile(${JSON.stringify(path)}, 200).catch(told)`,
      `await loadStudyFile(${JSON.stringify(path)}).catch(told)`,
    ].join('\n')
    const node = ['--import', 'tsx', '--input-type=module', '--eval', script]
    const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8' })
    expect(stderr).toBe('')
    const [first, again, ...more] = stdout.trim().split('\n')
    expect(first).toMatch(
      /^study own\.ts: expected its top level to end within 0\.2 s, it did not; look there for a loop/,
    )
    expect([again, ...more]).toEqual([first])
  })

  it('may not take the id of a built-in one', async () => {
    const builtIn = (await workbench.studies())[0]?.id ?? 'my-own'
    await expect(workbench.study(studyFile(WHOLE.replace('my-own', builtIn)))).rejects.toThrow(
      /has the id .* already; choose another/,
    )
  })
})
