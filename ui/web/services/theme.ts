/** Light, dark, or what the system says: the choice is kept in the browser, the result is on <html data-theme>. */
import { keep, kept } from './storage.ts'
import { createStore, useStore } from './store.ts'

export const THEME_CHOICES = ['auto', 'light', 'dark'] as const
export type ThemeChoice = (typeof THEME_CHOICES)[number]
export type Theme = 'light' | 'dark'

const KEY = 'patchlight.theme'
const system = window.matchMedia('(prefers-color-scheme: dark)')

function remembered(): ThemeChoice {
  const before = kept(KEY)
  return THEME_CHOICES.find(choice => choice === before) ?? 'auto'
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
  keep(KEY, next)
  choice.set(next)
}

export const useThemeChoice = (): ThemeChoice => useStore(choice)

export const useTheme = (): Theme => useStore(theme)
