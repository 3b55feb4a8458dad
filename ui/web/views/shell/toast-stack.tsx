/** The corner where messages show. */
import { useEffect, useRef } from 'react'
import { dismiss, useToasts } from '../../services/toasts.ts'

export function ToastStack() {
  const toasts = useToasts()
  const cameFrom = useRef<EventTarget | null>(null)
  useEffect(() => {
    if (document.activeElement !== document.body) return
    // The message that had the focus is gone.
    if (cameFrom.current instanceof HTMLElement) cameFrom.current.focus()
    cameFrom.current = null
  })
  return (
    <div
      className="toasts"
      role="status"
      aria-label="Messages"
      onFocus={({ relatedTarget, currentTarget }) => {
        if (!currentTarget.contains(relatedTarget)) cameFrom.current = relatedTarget
      }}
      onBlur={({ relatedTarget, currentTarget }) => {
        if (relatedTarget !== null && !currentTarget.contains(relatedTarget)) cameFrom.current = null
      }}
    >
      {toasts.map(toast => (
        <div key={toast.id} className={`toast toast-${toast.kind}`} role={toast.kind === 'error' ? 'alert' : undefined}>
          <p>{toast.text}</p>
          {toast.action !== undefined && (
            <button
              type="button"
              className="button button-small"
              onClick={() => {
                dismiss(toast.id)
                toast.action?.act()
              }}
            >
              {toast.action.label}
            </button>
          )}
          <button type="button" className="icon-button" aria-label="Close message" onClick={() => dismiss(toast.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  )
}
