/** What a picture's form asks: width, letters, resolution, and what stands around the cells. */
import { useId } from 'react'
import { formatNumber } from '../../format.ts'
import { Segmented } from '../../parts/segmented.tsx'
import { type ExportSettings, FONT_SIZES, OTHER_WIDTH, setExportSettings, WIDTH_CHOICES } from './settings.ts'
import type { ExportSource } from './source.ts'

interface PictureFieldsProps {
  readonly settings: ExportSettings
  readonly problem: string | null
  readonly source: Pick<ExportSource, 'panels' | 'scale' | 'view'>
}

const RESOLUTIONS = [
  { value: '300', label: '300 dpi' },
  { value: '600', label: '600 dpi' },
] as const

export function PictureFields({ settings, problem, source }: PictureFieldsProps) {
  const id = useId()
  const { panels, scale, view } = source
  const switches = [
    ...(panels === null ? [] : [['panels', panels] as const]),
    ...(view === null ? [] : [['view', `As shown on the page: ${view.words}`] as const]),
    ...(scale === null
      ? []
      : [['scale', `Colours from ${formatNumber(scale[0])} to ${formatNumber(scale[1])}, as on the page`] as const]),
    ['title', 'Title above'] as const,
    ['caption', 'Caption below'] as const,
  ]
  return (
    <>
      <label className="export-field">
        <span className="export-label">Width</span>
        <select
          className="input"
          value={settings.venue}
          onChange={event => setExportSettings({ venue: event.target.value })}
        >
          {WIDTH_CHOICES.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {settings.venue === OTHER_WIDTH && (
        <label className="export-field">
          <span className="export-label">Exactly</span>
          <input
            className="input"
            value={settings.width}
            placeholder="3.25in, 89mm, 252pt"
            spellCheck={false}
            aria-invalid={problem !== null}
            aria-describedby={`${id}-problem`}
            onChange={event => setExportSettings({ width: event.target.value })}
          />
        </label>
      )}
      <label className="export-field">
        <span className="export-label">
          Letters<span className="visually-hidden">, points</span>
        </span>
        <span className="export-points">
          <input
            className="input"
            type="number"
            step="0.5"
            {...FONT_SIZES}
            value={settings.fontPt}
            onChange={event => setExportSettings({ fontPt: Number(event.target.value) })}
          />
          <span className="muted small" aria-hidden="true">
            points
          </span>
        </span>
      </label>
      {settings.format === 'png' && (
        <div className="export-field">
          <span className="export-label">Resolution</span>
          <Segmented
            name="Resolution"
            id={`${id}-dpi`}
            options={RESOLUTIONS}
            value={settings.dpi === 600 ? '600' : '300'}
            onChange={value => setExportSettings({ dpi: value === '600' ? 600 : 300 })}
          />
        </div>
      )}
      <fieldset className="export-switches">
        <legend className="visually-hidden">What the picture shows</legend>
        {switches.map(([key, label]) => (
          <label key={key}>
            <input
              type="checkbox"
              checked={settings[key]}
              onChange={event => setExportSettings({ [key]: event.target.checked })}
            />
            {label}
          </label>
        ))}
      </fieldset>
      {problem !== null && (
        <p id={`${id}-problem`} className="sentence-error" role="alert">
          {problem}
        </p>
      )}
    </>
  )
}
