/** Which model: one that was found, one of the Hub, or any checkpoint folder of this machine. */
import { useState } from 'react'
import type { ModelInfo } from '../../../../studies/runs/workbench-types.ts'
import { formatBytes, formatCount } from '../../format.ts'
import { refreshModels } from '../../services/catalog.ts'
import { PullDialog } from '../pull/pull-dialog.tsx'

interface ModelPickerProps {
  readonly models: readonly ModelInfo[]
  /** Folder; undefined is the embedded model. */
  readonly value: string | undefined
  readonly onChange: (dir: string | undefined) => void
}

const OTHER = 'other'

export function ModelPicker({ models, value, onChange }: ModelPickerProps) {
  const known = models.find(model => (value === undefined ? model.embedded : model.dir === value))
  const [other, setOther] = useState(value !== undefined && known === undefined)
  const [pulling, setPulling] = useState(false)
  return (
    <div className="field">
      <label htmlFor="model" className="field-label">
        Model
      </label>
      <div className="field-control model-picker">
        <select
          id="model"
          className="input"
          value={other ? OTHER : (known?.dir ?? '')}
          onChange={event => {
            const chosen = models.find(model => model.dir === event.target.value)
            setOther(chosen === undefined)
            if (chosen !== undefined) onChange(chosen.embedded ? undefined : chosen.dir)
          }}
        >
          {models.map(model => (
            <option key={model.dir} value={model.dir}>
              {model.name}
              {model.embedded ? ' (embedded)' : ''}
            </option>
          ))}
          <option value={OTHER}>A checkpoint folder …</option>
        </select>
        {other && (
          <input
            className="input mono"
            aria-label="Checkpoint folder"
            placeholder="/path/to/checkpoint"
            defaultValue={value ?? ''}
            onChange={event => onChange(event.target.value.trim() === '' ? undefined : event.target.value.trim())}
          />
        )}
      </div>
      <p className="field-help">
        <button type="button" className="text-button" onClick={() => setPulling(true)}>
          Get a model from the Hub …
        </button>
      </p>
      {pulling && (
        <PullDialog
          onClose={() => setPulling(false)}
          onDone={async dir => {
            await refreshModels()
            setPulling(false)
            setOther(false)
            onChange(dir)
          }}
        />
      )}
      <p className="field-help muted">
        {other
          ? 'A folder in Hugging Face layout: config.json, tokenizer.json and *.safetensors.'
          : known !== undefined && describe(known)}
      </p>
    </div>
  )
}

function describe(model: ModelInfo): string {
  return (
    `${model.family}, ${model.layers} layers × ${model.heads} heads, d_model ${model.dModel}, ` +
    `d_mlp ${model.dMlp}, ${formatCount(model.parameters)} weights, ${formatBytes(model.bytes)}`
  )
}
