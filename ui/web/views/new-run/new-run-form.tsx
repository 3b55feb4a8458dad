/** One study's form. Its state is a model, a preset and the edits; all else follows from them. */
import { useMemo, useState } from 'react'
import type { Param, ParamValue } from '../../../../studies/params.ts'
import { promptOptionsOf } from '../../../../studies/prompt-params.ts'
import type { RunRequest, StudyInfo } from '../../../../studies/runs/workbench-types.ts'
import { api } from '../../../client/api.ts'
import { useAnswer, useDebounced } from '../../services/async.ts'
import { useModels } from '../../services/catalog.ts'
import { keepInEntry, keptInEntry, useKeptInEntry } from '../../services/entry.ts'
import { merge } from '../../services/feed.ts'
import { navigate } from '../../services/route.ts'
import { toastError } from '../../services/toasts.ts'
import { EstimatePanel } from './estimate-panel.tsx'
import {
  draftOf,
  editedValues,
  fieldOf,
  firstPreset,
  fittingValues,
  idleParams,
  mayChat,
  type Prefill,
  problemsOf,
  startingValues,
  textsOf,
} from './form-state.ts'
import { ModelPicker } from './model-picker.tsx'
import { OwnStudy } from './own-study.tsx'
import { ParamField } from './param-field.tsx'
import { PresetPicker } from './preset-picker.tsx'
import { PAUSE_MS, TokenLookupContext, useTokenLookup } from './token-lookup.ts'

interface NewRunFormProps {
  readonly study: StudyInfo
  readonly presetId: string | null
  /** Of a run that is to be made again. */
  readonly prefill?: Prefill
}

const SEED = {
  kind: 'number',
  label: 'Seed',
  help: 'Of whatever the study draws at random.',
  default: 0,
  min: 0,
  max: 2 ** 32 - 1,
  integer: true,
} as const

export function NewRunForm({ study, presetId, prefill }: NewRunFormProps) {
  const models = useModels().value ?? []
  const [begin] = useState(() => draftOf(keptInEntry()) ?? prefill)
  const [model, setModel] = useState(begin?.model)
  const preset = prefill === undefined ? (presetId ?? firstPreset(study, model === undefined)) : presetId
  const [typed, setEdits] = useState<Readonly<Record<string, ParamValue>>>(begin?.values ?? {})
  const edits = useMemo(() => fittingValues(typed, study), [typed, study])
  const [seed, setSeed] = useState(begin?.seed ?? SEED.default)
  useKeptInEntry({ model, values: edits, seed })
  // It opens by itself where something in it is wrong, and stays open when that was put right.
  const [advancedOpen, setAdvancedOpen] = useState(false)
  const [starting, setStarting] = useState(false)

  const initial = useMemo(() => startingValues(study, preset), [study, preset])
  const values = { ...initial, ...edits }
  const problems = problemsOf(study.params, values)
  const seedProblem = problemsOf({ seed: SEED }, { seed }).seed ?? null
  const lookup = useTokenLookup(model, textsOf(study.params, values), promptOptionsOf(study.params, values))

  const request: RunRequest = {
    study: study.id,
    ...(model === undefined ? {} : { model }),
    ...(preset === null ? {} : { preset }),
    params: editedValues(values, initial),
    ...(seed === SEED.default ? {} : { seed }),
  }
  const blocked = Object.keys(problems).length > 0 || seedProblem !== null
  const key = JSON.stringify(request)
  const settled = useDebounced(key, PAUSE_MS)
  const estimate = useAnswer(blocked ? null : settled, signal => api.estimate(request, signal))
  const refused =
    estimate.error === null ? null : { text: estimate.error, field: fieldOf(estimate.error, study.params) }

  const start = async () => {
    setStarting(true)
    try {
      const run = await api.start(request)
      merge([run])
      navigate({ view: 'run', run: run.id, cell: null })
    } catch (error) {
      toastError(error)
      setStarting(false)
    }
  }

  const counterpart = (key: string, param: Param): string | undefined => {
    const ahead = param.kind === 'prompt' ? param.alignsWith : undefined
    const behind = Object.entries(study.params).find(([, one]) => one.kind === 'prompt' && one.alignsWith === key)?.[0]
    const other = values[ahead ?? behind ?? '']
    return typeof other === 'string' ? other : undefined
  }
  const field = ([key, param]: [string, Param]) => (
    <ParamField
      key={key}
      id={`param-${key}`}
      param={param}
      value={values[key] ?? param.default}
      onChange={value => setEdits(before => ({ ...before, [key]: value }))}
      counterpart={counterpart(key, param)}
      problem={problems[key] ?? (refused?.field === key ? refused.text : null)}
    />
  )
  const idle = idleParams(study.params, values, mayChat(models, model))
  const all = Object.entries(study.params).filter(([key]) => !idle.has(key))
  const advanced = all.filter(([, param]) => param.advanced === true)
  const advancedWrong =
    seedProblem !== null || advanced.some(([key]) => problems[key] !== undefined || refused?.field === key)

  return (
    <TokenLookupContext.Provider value={lookup}>
      <div className="page new-run">
        <div className="new-run-head">
          <h1>{study.title}</h1>
          <p className="new-run-question">{study.question}</p>
          <details className="muted">
            <summary>What is done</summary>
            <p className="new-run-about">{study.about}</p>
          </details>
          <OwnStudy study={study} />
          {prefill !== undefined && prefill.dropped.length > 0 && (
            <p className="sentence-warning">
              The study has no parameter {prefill.dropped.join(', ')} any more; what that run had for it was left out.
            </p>
          )}
        </div>
        <form
          className="new-run-form"
          aria-label={`New run: ${study.title}`}
          onSubmit={event => event.preventDefault()}
        >
          <PresetPicker
            study={study}
            value={preset}
            edited={Object.keys(request.params ?? {}).length > 0}
            onChange={next => {
              setEdits({})
              // At once: from the form of an earlier run this leads to one that begins with what is kept.
              keepInEntry({ model, values: {}, seed })
              navigate({ view: 'new', study: study.id, preset: next }, 'replace')
            }}
          />
          <ModelPicker models={models} value={model} onChange={setModel} />
          {all.filter(([, param]) => param.advanced !== true).map(field)}
          {lookup.error !== null && <p className="sentence-error">{lookup.error}</p>}
          <details
            className="advanced"
            open={advancedOpen || advancedWrong}
            onToggle={event => setAdvancedOpen(event.currentTarget.open)}
          >
            <summary>Advanced</summary>
            {advanced.map(field)}
            <ParamField
              id="param-seed"
              param={SEED}
              value={seed}
              onChange={value => setSeed(Number(value))}
              counterpart={undefined}
              problem={seedProblem}
            />
          </details>
        </form>
        <EstimatePanel
          estimate={estimate}
          problem={refused !== null && refused.field === null ? refused.text : null}
          ready={!blocked && estimate.value !== null && settled === key && !estimate.loading}
          starting={starting}
          onStart={start}
        />
      </div>
    </TokenLookupContext.Provider>
  )
}
