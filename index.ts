/** Patchlight as a library: engine, hooks and studies. `patchlight/engine` and its siblings give one layer each. */
export * from './engine/index.ts'
export * from './hooks/index.ts'
export * from './studies/index.ts'
