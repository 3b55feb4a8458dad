/** `patchlight studies`: the studies, their parameters and presets. */
import type { Param } from '../../studies/params.ts'
import { createWorkbench } from '../../studies/runs/workbench.ts'
import type { StudyInfo } from '../../studies/runs/workbench-types.ts'
import { JSON_OPTION } from './common-options.ts'
import type { Output } from './output.ts'
import { defineCommand } from './parse.ts'

const DEFAULT_LENGTH = 60

function defaultText(param: Param): string {
  const text = typeof param.default === 'string' ? param.default : JSON.stringify(param.default)
  return text.length > DEFAULT_LENGTH ? `${text.slice(0, DEFAULT_LENGTH - 1)}…` : text
}

function limits(param: Param): string {
  if (param.kind === 'choice') return ` One of ${param.options.map(option => option.value).join(', ')}.`
  if (param.kind !== 'number') return ''
  const unit = param.unit === undefined ? '' : ` ${param.unit}`
  if (param.min !== undefined && param.max !== undefined) return ` From ${param.min} to ${param.max}${unit}.`
  return param.min === undefined ? '' : ` At least ${param.min}${unit}.`
}

function printStudy(study: StudyInfo, output: Output): void {
  output.line(`${output.bold(study.id)}  ${study.title}`)
  output.line(`  ${study.question}`)
  for (const [key, param] of Object.entries(study.params)) {
    output.line(`    --set ${key}=…  ${param.help}${limits(param)}`)
    output.line(output.dim(`      ${param.kind}; default ${defaultText(param)}`))
  }
  for (const preset of study.presets) output.line(`    --preset ${preset.id}  ${preset.title}`)
}

export const studies = defineCommand({
  name: 'studies',
  summary: 'Lists the studies with their parameters and presets.',
  arguments: [],
  options: {
    study: { type: 'list', value: 'FILE', help: 'A study file of your own to list too; may be repeated.' },
    json: JSON_OPTION,
  },
  async run(options, _words, output) {
    const workbench = createWorkbench({ studyFiles: options.study, onProblem: text => output.say(`Left out: ${text}`) })
    try {
      const list = await workbench.studies()
      if (options.json) output.json(list)
      else {
        list.forEach((study, i) => {
          if (i > 0) output.line()
          printStudy(study, output)
        })
      }
      return 0
    } finally {
      await workbench.close()
    }
  },
})
