/** Where --out puts files: it names a folder, or the one file that is written. */
import { existsSync, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { UsageError } from '../../engine/errors.ts'

/** The name that --out gives a file, without its ending; null where it names a folder or nothing. */
export function fileStem(out: string | undefined): string | null {
  if (out === undefined || isFolder(out)) return null
  return basename(out, extname(out))
}

/**
 * The folder to write to.
 * @param standard without --out
 * @throws UsageError where --out names a file and there are several to write
 */
export function placeFor(command: string, out: string | undefined, standard: string, several: boolean): string {
  if (out === undefined) return standard
  if (isFolder(out)) return out
  if (!several) return join(out, '..')
  throw new UsageError(`${command} --out: expected a folder, since there are several files to write, got ${out}`)
}

function isFolder(path: string): boolean {
  return /[\\/]$/.test(path) || (existsSync(path) ? statSync(path).isDirectory() : extname(path) === '')
}
