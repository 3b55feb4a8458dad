/** The corner where messages show. */
import { dismiss, useToasts } from '../../services/toasts.ts'

export function ToastStack() {
  const toasts = useToasts()
  return (
    <div className="toasts" role="status" aria-label="Messages">
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
