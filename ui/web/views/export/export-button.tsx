/** Opens the export of a figure; the focus comes back here when it closes. */
import { useState } from 'react'
import { ExportDialog } from './export-dialog.tsx'
import type { ExportSource } from './source.ts'

export function ExportButton({ source }: { readonly source: ExportSource }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button
        type="button"
        className="button button-small"
        aria-haspopup="dialog"
        aria-label={`Export ${source.name}`}
        onClick={() => setOpen(true)}
      >
        Export
      </button>
      {open && <ExportDialog source={source} onClose={() => setOpen(false)} />}
    </>
  )
}
