/**
 * A figure as a file: a picture in the width of a venue, seen before it is taken, or the numbers behind
 * it. Every choice is a plain form control, so that keyboards and screen readers have them all.
 */
import { useEffect, useId, useRef } from 'react'
import { createPortal } from 'react-dom'
import { formatBytes } from '../../format.ts'
import { Segmented } from '../../parts/segmented.tsx'
import { PictureFields } from './picture-fields.tsx'
import {
  type ExportFormat,
  isPicture,
  pictureQuery,
  problemOf,
  setExportSettings,
  useExportSettings,
} from './settings.ts'
import type { ExportSource } from './source.ts'
import { type Preview, usePreview } from './use-preview.ts'
import './export.css'

const LABELS: Readonly<Record<ExportFormat, string>> = {
  svg: 'SVG',
  pdf: 'PDF',
  png: 'PNG',
  tex: 'TeX',
  csv: 'CSV',
  json: 'JSON',
  npy: 'npy',
  parquet: 'Parquet',
  ipynb: 'Notebook',
}

const ABOUT: Readonly<Record<ExportFormat, string>> = {
  svg: 'Vectors with text as text and its fonts inside: for the web, or to be edited.',
  pdf: 'Vectors with embedded fonts, for \\includegraphics.',
  png: 'Pixels, for where vectors are not taken.',
  tex: 'A figure environment with a drafted caption; it includes the PDF, which goes beside it.',
  csv: 'One row a cell.',
  json: 'Axes, values and marks with what they mean.',
  npy: 'The values as a NumPy array, rows × columns, float64.',
  parquet: 'One row a cell, for pandas, polars and DuckDB.',
  ipynb: 'A Jupyter notebook that loads the run and redraws its figures in Python.',
}

export function ExportDialog({ source, onClose }: { readonly source: ExportSource; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const title = useId()
  const settings = useExportSettings()
  const available: readonly ExportFormat[] = ['svg', 'pdf', 'png', 'tex', ...source.data]
  const format = available.find(known => known === settings.format) ?? 'pdf'
  const picture = isPicture(format)
  const problem = picture ? problemOf(settings) : null
  const query = picture ? pictureQuery({ ...settings, format }, source) : new URLSearchParams()
  const previewQuery = pictureQuery({ ...settings, format: 'svg' }, source)
  const state = usePreview(picture && problem === null ? source.address('svg', previewQuery) : null)
  useEffect(() => dialog.current?.showModal(), [])

  const options = (formats: readonly ExportFormat[]) => formats.map(value => ({ value, label: LABELS[value] }))
  const choose = (value: ExportFormat) => setExportSettings({ format: value })
  return createPortal(
    <dialog ref={dialog} className="export card" aria-labelledby={title} onClose={onClose}>
      <header className="export-head">
        <h2 id={title}>Export {source.name}</h2>
        <button type="button" className="icon-button" aria-label="Close export" onClick={() => dialog.current?.close()}>
          ×
        </button>
      </header>
      <div className="export-body">
        <form className="export-form" onSubmit={event => event.preventDefault()}>
          <div className="export-field">
            <span className="export-label">Picture</span>
            <Segmented
              name="Picture format"
              id={`${title}-format`}
              options={options(['svg', 'pdf', 'png', 'tex'])}
              value={format}
              onChange={choose}
            />
          </div>
          <div className="export-field">
            <span className="export-label">Numbers</span>
            <Segmented
              name="Data format"
              id={`${title}-format`}
              options={options(source.data)}
              value={format}
              onChange={choose}
            />
          </div>
          <p className="muted small export-about">{ABOUT[format]}</p>
          {picture && <PictureFields settings={{ ...settings, format }} problem={problem} source={source} />}
          <div className="export-buttons">
            {problem === null && (
              <a className="button button-primary" href={source.address(format, query)} download>
                Download {LABELS[format]}
              </a>
            )}
            {problem === null && format === 'tex' && (
              <a className="button" href={source.address('pdf', query)} download>
                and its PDF
              </a>
            )}
          </div>
        </form>
        {picture && (
          <section className="export-preview" aria-label="Preview" aria-busy={state.loading}>
            {state.problem !== null && <p className="sentence-error">{state.problem}</p>}
            {state.preview !== null && <PreviewPicture preview={state.preview} name={source.name} />}
            <p className="muted small" role="status">
              {problem !== null ? '' : sizeText(state.preview, state.loading, format, settings.dpi)}
            </p>
          </section>
        )}
      </div>
    </dialog>,
    document.body,
  )
}

function PreviewPicture({ preview, name }: { readonly preview: Preview; readonly name: string }) {
  return <img className="export-picture" src={preview.url ?? ''} alt={`${name}, as it will be written`} />
}

function sizeText(preview: Preview | null, loading: boolean, format: ExportFormat, dpi: number): string {
  if (preview === null) return loading ? 'Drawing …' : ''
  const { widthIn, heightIn, bytes } = preview
  const size = `${Number(widthIn.toFixed(2))} × ${Number(heightIn.toFixed(2))} in`
  if (format === 'png') return `${size}, ${Math.round(widthIn * dpi)} × ${Math.round(heightIn * dpi)} pixels`
  return format === 'svg' ? `${size}, ${formatBytes(bytes)}` : size
}
