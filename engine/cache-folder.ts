/** Where Patchlight keeps what it can always find out again: the usual place of each system, or PATCHLIGHT_CACHE. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const { PATCHLIGHT_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = env
  if (PATCHLIGHT_CACHE !== undefined && PATCHLIGHT_CACHE !== '') return PATCHLIGHT_CACHE
  if (process.platform === 'win32') return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'patchlight')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'patchlight')
  return join(
    XDG_CACHE_HOME === undefined || XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME,
    'patchlight',
  )
}
