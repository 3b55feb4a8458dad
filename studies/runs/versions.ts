/** Versions as their packages tell them. */
import { createRequire } from 'node:module'

/** Of what a run's numbers depend on. */
export function versions() {
  const require = createRequire(import.meta.url)
  const versionOf = (path: string): string => {
    const json: unknown = require(path)
    return typeof json === 'object' && json !== null && 'version' in json ? String(json.version) : 'unknown'
  }
  return {
    patchlight: versionOf('../../package.json'),
    node: process.versions.node,
    '@tensorflow/tfjs-core': versionOf('@tensorflow/tfjs-core/package.json'),
  }
}
