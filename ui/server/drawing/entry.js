// A thread does not inherit the TypeScript loader of its process in every version of Node: it registers its own.
import { register } from 'tsx/esm/api'

register()
await import('./thread.ts')
