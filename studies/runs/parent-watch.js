/**
 * Ends this process once the one that began it is gone. A thread of its own, because the main one may be
 * in a computation, or in a study's endless loop, and then hears nothing of a channel that closes.
 */
import { workerData } from 'node:worker_threads'

const LOOK_EVERY_MS = 500
const { parent } = workerData

function isGone() {
  // An orphan is given another parent; but not on Windows.
  if (process.ppid !== parent) return true
  try {
    process.kill(parent, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

setInterval(() => {
  // A thread cannot end its process in any gentler way.
  if (isGone()) process.kill(process.pid, 'SIGKILL')
}, LOOK_EVERY_MS)
