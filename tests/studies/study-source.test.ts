/** A user's study while it is edited: what ran is kept, what is broken is said, what was good goes on. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { reaches, temporaryFolder, testWorkbench } from './runs/support.ts'

const text = (value: number, more = '') => `
import { defineStudy } from 'patchlight/studies'
export default defineStudy({
  id: 'edited', title: 'Edited', question: 'Which version?', about: 'A test.',
  params: { rows: { kind: 'number', label: 'Rows', help: '', default: ${value}, min: 1 } },
  presets: [],
  estimate: async () => ({ summary: 'one', patches: 1, flops: 1, peakBytes: 1 }),
  run: async context => {
    context.summary({ version: ${value} })
    ${more}
  },
  cell: async () => null,
})
`

function editable() {
  const folder = temporaryFolder()
  const file = join(folder, 'edited.ts')
  const save = (content: string) => writeFileSync(file, content)
  save(text(1))
  const workbench = testWorkbench({ studyFiles: [file], allowStudyPaths: false })
  const heard = () =>
    new Promise<void>(resolve => {
      const off = workbench.on('studies', () => {
        off()
        resolve()
      })
    })
  return { file, save, workbench, heard }
}

describe('a study that is edited', () => {
  it('tells that it was saved; a broken version is said with its line, and the last good one goes on', async () => {
    const { file, save, workbench, heard } = editable()
    expect(await workbench.study('edited')).toMatchObject({ params: { rows: { default: 1 } } })
    const saved = heard()
    save(text(2))
    await saved
    expect(await workbench.study('edited')).toMatchObject({ params: { rows: { default: 2 } } })
    expect(await workbench.studyFiles()).toEqual([{ file, study: 'edited', problem: null }])

    save(text(3).replace('presets: [],', 'presets: [,,'))
    const broken = await workbench.study('edited')
    expect(broken).toMatchObject({
      params: { rows: { default: 2 } },
      problem: expect.stringMatching(/^study edited\.ts: syntax error at line \d+, column \d+: /),
    })
    expect(await workbench.studyFiles()).toEqual([{ file, study: 'edited', problem: broken.problem }])
    const { id } = await workbench.start({ study: 'edited' })
    await reaches(workbench, id, 'done', 'failed')
    expect((await workbench.snapshot(id)).summary).toEqual({ version: 2 })
    // What is shown is what ran, not what the file holds.
    expect(await workbench.history.source(id)).toEqual({
      name: 'edited.ts',
      text: text(2),
      origin: 'own',
      note: 'The file has changed since; this is what ran.',
    })

    save(text(4))
    expect((await workbench.study('edited')).problem).toBeUndefined()
    rmSync(file)
    expect((await workbench.study('edited')).problem).toMatch(/there is no such file/)
    expect((await workbench.history.source(id))?.note).toBe('The file is not there any more.')
  })

  it('that never was good is said to be so, and hides no other', async () => {
    const { file, save, workbench } = editable()
    save('export default {')
    const studies = await workbench.studies()
    expect(studies.map(study => study.id)).not.toContain('edited')
    expect(await workbench.studyFiles()).toEqual([
      { file, study: null, problem: expect.stringMatching(/syntax error at line 1/) },
    ])
  })

  it.each([
    [
      'a field that is wrong',
      text(1).replace("kind: 'number'", "kind: 'numbr'"),
      /no study: params\.rows\.kind: .* \(line 5\)$/,
    ],
    ['a default out of range', text(0), /parameter rows: expected a number of at least 1, got 0 \(line 5\)$/],
    [
      'an exception at the top level',
      `${text(1)}\n\nthrow new Error('late')`,
      /it cannot be imported: late \(line 16\)$/,
    ],
  ])('with %s names the line', async (_what, content, message) => {
    const { save, workbench } = editable()
    save(content)
    expect((await workbench.studyFiles())[0]?.problem).toMatch(message)
  })

  it('while its run is stopped: the run goes on with the new version, says so, and both are kept', async () => {
    const { save, workbench } = editable()
    save(text(1, "throw new Error('half way')"))
    const { id } = await workbench.start({ study: 'edited' })
    await reaches(workbench, id, 'failed')
    save(text(1, '// mended'))
    await workbench.resume(id)
    await reaches(workbench, id, 'done')
    const { notes } = await workbench.snapshot(id)
    expect(notes).toEqual(['The file of this study changed: what came after was computed by its new version.'])
    expect(await workbench.history.source(id)).toMatchObject({
      text: text(1, '// mended'),
      note: 'The file changed while this run was computed; this is the last of 2 versions.',
    })
    const kept = readFileSync(join(workbench.runsDir, id, 'study.ts'), 'utf8')
    expect(kept).toBe(text(1, "throw new Error('half way')"))
  })
})

describe('a new study', () => {
  it('is written into the folder of one’s own studies, offered at once, and runs on the embedded model', async () => {
    const studiesDir = join(temporaryFolder(), 'mine')
    const workbench = testWorkbench({ studiesDir, allowStudyPaths: false })
    const study = await workbench.newStudy('first-words')
    expect(study).toMatchObject({ id: 'first-words', title: 'First words', file: join(studiesDir, 'first-words.ts') })
    await expect(workbench.newStudy('first-words')).rejects.toThrow(/there is a study first-words already/)
    await expect(workbench.newStudy('../evil')).rejects.toThrow(/expected a name of small letters/)
    await expect(workbench.newStudy('time-patching')).rejects.toThrow(/there is a study time-patching already/)

    const { id } = await workbench.start({ study: 'first-words' })
    await reaches(workbench, id, 'done', 'failed')
    const { state, error, figures, summary } = await workbench.snapshot(id)
    expect([state, error]).toEqual(['done', null])
    const values = [...(figures[0]?.values ?? [])]
    expect(values.every(Number.isFinite)).toBe(true)
    // Taking the MLP away matters somewhere, and nowhere before the prompt's differing token is read.
    expect(Math.min(...values)).toBeLessThan(-0.1)
    expect(summary['P(answer)']).toBeGreaterThan(0.5)
    const cell = await workbench.cell(
      id,
      { figure: 'effect', index: values.indexOf(Math.min(...values)) },
      'detail',
      {},
    )
    expect(cell.interventions).toHaveLength(1)

    // What a person adds by hand is found too; its helpers are left alone.
    writeFileSync(join(studiesDir, '_helper.ts'), 'export const one = 1\n')
    mkdirSync(join(studiesDir, 'deeper'))
    expect((await workbench.studyFiles()).map(({ study }) => study)).toEqual(['first-words'])
  })
})
