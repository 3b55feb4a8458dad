/** A model as a user names it, a folder or `OWNER/NAME[@REVISION]`, to its checkpoint folder. */
import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { CheckpointError } from '../../errors.ts'
import { findCached, listCached } from './cache.ts'
import { readReference, referenceText } from './reference.ts'
import { cacheFolder } from './settings.ts'

/**
 * The folder of a model: a path that exists, else a model of the Hub that was pulled before, by us or
 * by Python. What can only be a path is returned as it is: opening it says what is wrong.
 * @param cacheDir default: the cache that the environment names
 * @throws CheckpointError if it is neither, naming the command that fetches it
 */
export async function findModel(model: string, cacheDir: string = cacheFolder()): Promise<string> {
  const path = resolve(model)
  if (isAbsolute(model) || existsSync(path)) return path
  const reference = readReference(model)
  if (reference === null) return path
  const cached = await findCached(cacheDir, reference)
  if (cached !== null) return cached
  const text = referenceText(reference)
  const others = (await listCached(cacheDir)).filter(other => other.reference.id === reference.id)
  const here = others.length > 0 ? ` (${others.map(other => referenceText(other.reference)).join(', ')} is here)` : ''
  throw new CheckpointError(
    `${text}: expected a checkpoint folder, or a model pulled from the Hub, got neither${here}; ` +
      `patchlight pull ${text} fetches it`,
  )
}
