/** What a checkpoint is called: its name on the Hub where it lies in the Hub's cache, since its folder is a commit there. */
import { basename, resolve } from 'node:path'
import type { ConfigReader } from './config.ts'
import { snapshotName } from './hub/cache.ts'

export function checkpointName(dir: string, config: ConfigReader): string {
  return snapshotName(resolve(dir)) ?? config.optionalString('_name_or_path') ?? basename(dir)
}
