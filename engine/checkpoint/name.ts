/**
 * What a checkpoint is called: its name on the Hub where it lies in the Hub's cache, since its folder is
 * a commit there; else its folder's name. What config.json says of a name is that of the checkpoint it was
 * trained from, and many fine-tunes of one model would be called the same.
 */
import { basename, resolve } from 'node:path'
import { snapshotName } from './hub/cache.ts'

export function checkpointName(dir: string): string {
  const path = resolve(dir)
  return snapshotName(path) ?? basename(path)
}
