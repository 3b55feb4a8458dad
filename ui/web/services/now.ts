/** The time, twice a minute, for texts such as `4 min ago`. */
import { createStore, useStore } from './store.ts'

const now = createStore(new Date())
setInterval(() => now.set(new Date()), 30_000)

export const useNow = (): Date => useStore(now)
