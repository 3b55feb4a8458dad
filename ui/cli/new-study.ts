/** `patchlight new-study`: a study of one's own to begin with. */
import { basename, extname, resolve } from 'node:path'
import { UsageError } from '../../engine/errors.ts'
import { writeStudyTemplate } from '../../studies/runs/study-template.ts'
import { defineCommand } from './parse.ts'

export const newStudy = defineCommand({
  name: 'new-study',
  summary: 'Writes a commented study that works, for you to change.',
  details: 'Run it with patchlight run FILE, or offer it on the page with patchlight serve --study FILE.',
  arguments: [{ name: 'FILE', help: 'where to write it; its name, such as my-study.ts, becomes the study’s id' }],
  options: {},
  async run(_options, [file = ''], output) {
    if (extname(file) !== '.ts') throw new UsageError(`new-study: expected a file that ends in .ts, got ${file}`)
    const path = resolve(file)
    writeStudyTemplate(path, basename(path, '.ts'))
    output.line(path)
    output.say(`patchlight run ${file} runs it; patchlight serve --study ${file} offers it on the page.`)
    return 0
  },
})
