/**
 * Keeps a native library in memory until the process ends. koffi unloads what it loaded while Node
 * takes itself down, but the library's own worker threads (OpenMP's) are still running its code then:
 * without this, a program that did its work ends in a segmentation fault every now and then.
 */
import koffi from 'koffi'

/** `RTLD_NODELETE`, which also keeps what the library itself depends on. */
const NO_DELETE: Readonly<Partial<Record<NodeJS.Platform, number>>> = { linux: 0x1000, darwin: 0x80 }
const RTLD_LAZY = 1

/** @param file as it was loaded: a name that the loader searches, or a path */
export function keepLoaded(file: string): void {
  const noDelete = NO_DELETE[process.platform]
  if (noDelete === undefined) return
  try {
    koffi.load(null).func('dlopen', 'void *', ['str', 'int'])(file, RTLD_LAZY | noDelete)
  } catch {
    // A C library without dlopen in reach: the worst is that fault at the very end.
  }
}
