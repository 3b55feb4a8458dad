/** Light, dark, or what the system says: the choice is kept in the browser, the result is on <html data-theme>. */
import { createStore, useStore } from './store.ts'

export const THEME_CHOICES = ['auto', 'light', 'dark'] as const
export type ThemeChoice = (typeof THEME_CHOICES)[number]
export type Theme = 'light' | 'dark'

const KEY = 'patchlight.theme'
const system = window.matchMedia('(prefers-color-scheme: dark)')

function remembered(): ThemeChoice {
  const kept = stored(() => window.localStorage.getItem(KEY))
  return THEME_CHOICES.find(choice => choice === kept) ?? 'auto'
}

/** Browsers that block what sites keep throw at the first touch: the choice lasts as long as the page then. */
function stored<T>(use: () => T): T | null {
  try {
    return use()
  } catch {
    return null
  }
}

function resolve(choice: ThemeChoice): Theme {
  return choice === 'auto' ? (system.matches ? 'dark' : 'light') : choice
}

const choice = createStore<ThemeChoice>(remembered())
const theme = createStore<Theme>(resolve(choice.get()))

function apply(): void {
  theme.set(resolve(choice.get()))
  document.documentElement.dataset.theme = theme.get()
}

apply()
choice.subscribe(apply)
system.addEventListener('change', apply)

export function setTheme(next: ThemeChoice): void {
  stored(() => window.localStorage.setItem(KEY, next))
  choice.set(next)
}

export const useThemeChoice = (): ThemeChoice => useStore(choice)

export const useTheme = (): Theme => useStore(theme)
