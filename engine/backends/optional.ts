/** Packages that may be absent: found and loaded by name at run time, so that nothing needs them to build. */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)

/** Whether a package is installed. Says nothing of whether it loads. */
export function isInstalled(name: string): boolean {
  return pathOf(name) !== undefined
}

/** The folder of an installed package; undefined if it is absent. */
export function packageFolder(name: string): string | undefined {
  const manifest = pathOf(`${name}/package.json`)
  return manifest === undefined ? undefined : dirname(manifest)
}

/** `NAME VERSION` of those that are installed, for telling one state of the machine from another. */
export function installedVersions(names: readonly string[]): string {
  const found = names.flatMap(name => {
    const manifest = pathOf(`${name}/package.json`)
    if (manifest === undefined) return []
    const { version }: { version?: unknown } = require(manifest)
    return [`${name} ${version}`]
  })
  return found.join(', ') || 'none'
}

/** Imports a package; rejects if it is absent or does not load. */
export async function importOptional(name: string): Promise<Readonly<Record<string, unknown>>> {
  const path = pathOf(name)
  if (path === undefined) throw new Error(`${name} is not installed`)
  const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href)
  return module
}

/** The first line of what an import threw: native loaders append pages. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.trim().split('\n')[0] ?? ''
}

function pathOf(name: string): string | undefined {
  try {
    return require.resolve(name)
  } catch {
    return undefined
  }
}
