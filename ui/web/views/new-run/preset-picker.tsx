/** Which set of values to begin with. */
import type { StudyInfo } from '../../../../studies/runs/workbench-types.ts'

interface PresetPickerProps {
  readonly study: StudyInfo
  readonly value: string | null
  readonly edited: boolean
  readonly onChange: (preset: string | null) => void
}

export function PresetPicker({ study, value, edited, onChange }: PresetPickerProps) {
  const chosen = study.presets.find(preset => preset.id === value)
  if (study.presets.length === 0) return null
  return (
    <div className="field">
      <label htmlFor="preset" className="field-label">
        Preset
      </label>
      <div className="field-control">
        <select id="preset" className="input" value={value ?? ''} onChange={event => onChange(event.target.value)}>
          {value === null && <option value="">none</option>}
          {study.presets.map(preset => (
            <option key={preset.id} value={preset.id}>
              {preset.title}
            </option>
          ))}
        </select>
      </div>
      <p className="field-help muted">
        {chosen?.for === 'embedded' && 'Made for the embedded model.'}
        {chosen?.for === 'large' && 'Made for large models: choose one below.'}
        {edited && (
          <>
            {' Edited. '}
            <button type="button" className="text-button" onClick={() => onChange(value)}>
              Undo edits
            </button>
          </>
        )}
      </p>
    </div>
  )
}
