/** `patchlight run`: one execution of a study, followed to its end. */
import { readFileSync } from 'node:fs'
import { UsageError } from '../../engine/errors.ts'
import type { ParamValue } from '../../studies/params.ts'
import { parseSettings } from '../../studies/params-text.ts'
import { resolveParams } from '../../studies/params-validate.ts'
import { createWorkbench } from '../../studies/runs/workbench.ts'
import type { StudyInfo } from '../../studies/runs/workbench-types.ts'
import { BACKEND_OPTION, DTYPE_OPTION, given, JSON_OPTION, MODEL_OPTION, RUNS_OPTION } from './common-options.ts'
import { followRun } from './follow-run.ts'
import { defineCommand } from './parse.ts'

const MAX_SEED = 2 ** 32 - 1

/** Values from a JSON file `{name: value}`. */
function readParamsFile(path: string): Record<string, unknown> {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UsageError(
      `run --params ${path}: expected a JSON file, got ${error instanceof Error ? error.message : error}`,
    )
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UsageError(`run --params ${path}: expected a JSON object of parameter values`)
  }
  return { ...json }
}

/** The values that the command line gives, checked one by one; `--set` wins over `--params`. */
function givenValues(study: StudyInfo, file: string | undefined, settings: readonly string[]) {
  const fromFile = (file === undefined ? {} : readParamsFile(file)) as Record<string, ParamValue>
  const values = { ...fromFile, ...parseSettings(study.params, settings) }
  resolveParams(study.params, null, values)
  return values
}

/** The embedded model's preset is what a newcomer means by naming none. */
function presetFor(study: StudyInfo, preset: string | undefined, model: string | undefined): string | undefined {
  if (preset !== undefined || model !== undefined) return preset
  return study.presets.find(candidate => candidate.for === 'embedded')?.id
}

export const run = defineCommand({
  name: 'run',
  summary: 'Runs a study and writes its results to a run folder.',
  details:
    'Without --preset, the embedded model gets the preset made for it, any other model the defaults.\n' +
    'With --json, each figure holds its cells row by row: values[y * (number of x ticks) + x].',
  arguments: [{ name: 'STUDY', help: 'a study’s id (see patchlight studies), or the path of your own study’s file' }],
  options: {
    model: MODEL_OPTION,
    preset: { type: 'text', value: 'NAME', help: 'A named set of parameter values (see patchlight studies).' },
    set: {
      type: 'list',
      value: 'KEY=VALUE',
      help: 'One parameter; may be repeated. Lists are JSON, or @FILE with one item a line (pairs: a tab between).',
    },
    params: { type: 'text', value: 'FILE', help: 'Parameter values from a JSON file; --set wins over it.' },
    out: { type: 'text', value: 'DIR', help: 'Folder in which the run’s own folder is made. The same as --runs.' },
    runs: RUNS_OPTION,
    backend: BACKEND_OPTION,
    dtype: DTYPE_OPTION,
    seed: { type: 'number', value: 'N', min: 0, max: MAX_SEED, help: 'Seed of whatever the study draws. Default: 0.' },
    json: JSON_OPTION,
  },
  async run(options, [name = ''], output) {
    if (options.out !== undefined && options.runs !== undefined) {
      throw new UsageError('run: expected --out or --runs, which are the same, got both')
    }
    const workbench = createWorkbench({
      ...given('runsDir', options.out ?? options.runs),
      ...given('backend', options.backend),
      ...given('dtype', options.dtype),
      allowStudyPaths: true,
    })
    return followRun({
      workbench,
      json: options.json,
      output,
      begin: async () => {
        const study = await workbench.study(name)
        const params = givenValues(study, options.params, options.set)
        return workbench.start({
          study: study.file ?? study.id,
          params,
          ...given('model', options.model),
          ...given('preset', presetFor(study, options.preset, options.model)),
          ...given('seed', options.seed),
        })
      },
    })
  },
})
