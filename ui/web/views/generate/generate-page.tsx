/** Text from a prompt, as the model goes on by itself and as it goes on when it is steered. */
import { useState } from 'react'
import { useModels } from '../../services/catalog.ts'
import { keptInEntry, useKeptInEntry } from '../../services/entry.ts'
import { mayChat } from '../new-run/form-state.ts'
import { ModelPicker } from '../new-run/model-picker.tsx'
import { Field } from './field.tsx'
import {
  EXAMPLE_INTERVENTIONS,
  fieldOfRefusal,
  fieldsOf,
  type GenerateFields,
  modelIn,
  NUMBER_FIELDS,
  NUMBERS,
  requestOf,
} from './generate-form.ts'
import { PromptFields } from './prompt-fields.tsx'
import { SidePanel } from './side-panel.tsx'
import { useGeneration } from './use-generation.ts'
// The fields look as they do in the form of a study.
import '../new-run/new-run.css'
import './generate.css'

export function GeneratePage() {
  const models = useModels().value ?? []
  const [model, setModel] = useState(modelIn(keptInEntry()))
  const [fields, setFields] = useState(() => fieldsOf(keptInEntry()))
  useKeptInEntry({ ...fields, model })
  const { generation, start, stop } = useGeneration()
  const { state, sentence, sides, prompt } = generation
  const chats = mayChat(models, model)
  const { request, problems } = requestOf(fields, model, chats)
  const going = state === 'asked' || state === 'growing'
  const refused = state === 'failed' && sentence !== null ? { text: sentence, field: fieldOfRefusal(sentence) } : null
  const change = (what: Partial<GenerateFields>) => setFields(before => ({ ...before, ...what }))
  const set = (key: keyof GenerateFields) => (event: { target: { value: string } }) =>
    change({ [key]: event.target.value })
  const problemOf = (key: keyof GenerateFields) => problems[key] ?? (refused?.field === key ? refused.text : null)
  const status = statusOf(state, sentence)

  return (
    <div className="page generate">
      <div>
        <h1>Generate</h1>
        <p className="muted">
          How the model goes on from a prompt, and how it goes on when its activations are changed.
        </p>
      </div>
      <form
        aria-label="Generate"
        onSubmit={event => {
          event.preventDefault()
          if (request !== null) void start(request)
        }}
      >
        <ModelPicker models={models} value={model} onChange={setModel} />
        <PromptFields model={model} chats={chats} fields={fields} problemOf={problemOf} onChange={change} />
        <div className="field">
          <span className="field-label">Sampling</span>
          <div className="generate-numbers">
            {NUMBER_FIELDS.map(key => (
              <label key={key} className="generate-number">
                <span className="small muted">{NUMBERS[key].label}</span>
                <input
                  className="input"
                  inputMode={NUMBERS[key].whole ? 'numeric' : 'decimal'}
                  value={fields[key]}
                  placeholder={NUMBERS[key].optional ? 'off' : ''}
                  aria-invalid={problems[key] !== undefined}
                  aria-describedby={problems[key] === undefined ? undefined : `generate-${key}-problem`}
                  onChange={set(key)}
                />
                {problems[key] !== undefined && (
                  <span id={`generate-${key}-problem`} className="sentence-error">
                    {problems[key]}
                  </span>
                )}
              </label>
            ))}
          </div>
          <p className="field-help muted">
            Temperature 0 always takes the likeliest token; seed and tops matter above 0.
          </p>
        </div>
        <Field id="stop" label="Stop before" help="Texts that end it, one a line." problem={null}>
          <textarea id="generate-stop" className="input mono" rows={1} value={fields.stop} onChange={set('stop')} />
        </Field>
        <Field
          id="interventions"
          label="Interventions"
          problem={problemOf('interventions')}
          help={
            <>
              A JSON list, active at every step. <code>at</code>: a hook point, a head (<code>L14H13</code>) or a neuron
              (<code>N1810@L10</code>). <code>set</code>: one of <code>zero</code>, <code>mean</code>,{' '}
              <code>value</code>, <code>scale</code>, <code>add</code>, <code>from</code>. <code>position</code>: 0 is
              the first token, −1 the prompt’s last; without it all, those to come too.{' '}
              <button
                type="button"
                className="text-button"
                onClick={() => change({ interventions: EXAMPLE_INTERVENTIONS })}
              >
                Use an example
              </button>
            </>
          }
        >
          <textarea
            id="generate-interventions"
            className="input mono"
            rows={4}
            spellCheck={false}
            placeholder={'[{ "at": "L1H1", "set": { "zero": true } }]'}
            value={fields.interventions}
            aria-invalid={problemOf('interventions') !== null}
            onChange={set('interventions')}
          />
        </Field>
        <div className="generate-buttons">
          <button type="submit" className="button button-primary" disabled={request === null || going}>
            Generate
          </button>
          <button type="button" className="button" disabled={!going} onClick={stop}>
            Stop
          </button>
          <span role="status" aria-label="Generation" className="muted">
            {status}
          </span>
        </div>
        {refused !== null && refused.field === null && (
          <p className="sentence-error" role="alert">
            {refused.text}
          </p>
        )}
      </form>
      {prompt !== null && (
        <div className="generate-sides">
          <SidePanel name="Unsteered" side={sides.unsteered} growing={going} />
          {generation.steered && (
            <SidePanel name="Steered" side={sides.steered} growing={going} other={sides.unsteered.text} />
          )}
        </div>
      )}
    </div>
  )
}

function statusOf(state: string, sentence: string | null): string {
  if (state === 'asked') return sentence ?? 'Loading the model …'
  if (state === 'growing') return 'Generating …'
  if (state === 'stopped') return 'Stopped.'
  return state === 'done' ? 'Done.' : ''
}
