/** Short messages in the corner of the page: one sentence each; errors stay until they are closed. */
import { createStore, useStore } from './store.ts'

export interface Toast {
  readonly id: number
  readonly kind: 'info' | 'error'
  readonly text: string
}

/** How long a message that is not an error stays. */
const INFO_MS = 5000
/** More than this would cover the page; the oldest go. */
const MAX_TOASTS = 4

const toasts = createStore<readonly Toast[]>([])
let nextId = 1

export function toast(kind: Toast['kind'], text: string): void {
  const id = nextId++
  toasts.set(all => [...all.filter(other => other.text !== text), { id, kind, text }].slice(-MAX_TOASTS))
  if (kind === 'info') setTimeout(() => dismiss(id), INFO_MS)
}

/** Shows what went wrong as a sentence. */
export function toastError(error: unknown): void {
  toast('error', error instanceof Error ? error.message : String(error))
}

export function dismiss(id: number): void {
  toasts.set(all => all.filter(other => other.id !== id))
}

export const useToasts = (): readonly Toast[] => useStore(toasts)
