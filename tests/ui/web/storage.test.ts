/** What the page keeps from visit to visit, in a browser that keeps nothing. */
import { afterEach, expect, it, vi } from 'vitest'
import { keep, kept } from '../../../ui/web/services/storage.ts'
import { setExportSettings } from '../../../ui/web/views/export/settings.ts'

afterEach(() => vi.unstubAllGlobals())

const refuse = (name: string) => () => {
  throw new DOMException('The operation is insecure.', name)
}

it.each([
  ['blocks storage', refuse('SecurityError')],
  ['has no room left', () => ({ getItem: () => null, setItem: refuse('QuotaExceededError') })],
])('is nothing, and no error, where the browser %s', (_what, get) => {
  vi.stubGlobal('window', Object.defineProperty({}, 'localStorage', { get }))
  expect(kept('a')).toBeNull()
  expect(() => keep('a', 'b')).not.toThrow()
  expect(() => setExportSettings({ fontPt: 9 })).not.toThrow()
})
