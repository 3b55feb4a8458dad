/** Short messages in the corner of the page: one sentence each; errors stay until they are closed. */
import { createStore, useStore } from './store.ts'

export interface Toast {
  readonly id: number
  readonly kind: 'info' | 'error'
  readonly text: string
  /** A button beside the text, such as Undo. */
  readonly action?: { readonly label: string; readonly act: () => void }
}

/** How long a message that is not an error stays. */
const INFO_MS = 5000
/** Time to read it, to see that it was wrong, and to reach the button. */
const ACTION_MS = 15_000
/** More than this would cover the page; the oldest go. */
const MAX_TOASTS = 4

const toasts = createStore<readonly Toast[]>([])
let nextId = 1

export function toast(kind: Toast['kind'], text: string, action?: Toast['action']): void {
  const id = nextId++
  const next: Toast = { id, kind, text, ...(action === undefined ? {} : { action }) }
  toasts.set(all => [...all.filter(other => other.text !== text), next].slice(-MAX_TOASTS))
  if (kind === 'info') setTimeout(() => dismiss(id), action === undefined ? INFO_MS : ACTION_MS)
}

/** Shows what went wrong as a sentence. */
export function toastError(error: unknown): void {
  toast('error', error instanceof Error ? error.message : String(error))
}

export function dismiss(id: number): void {
  toasts.set(all => all.filter(other => other.id !== id))
}

export const useToasts = (): readonly Toast[] => useStore(toasts)
