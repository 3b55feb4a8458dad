/** A new file, whole or not at all: what a full disk cuts off is taken away again. */
import { rmSync, writeFileSync } from 'node:fs'
import { isErrno } from './journal.ts'

/** @throws what the system says; EEXIST where there is such a file, which stays as it is */
export function writeNew(path: string, text: string, { flush = true }: { readonly flush?: boolean } = {}): void {
  try {
    writeFileSync(path, text, { flag: 'wx', flush })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) rmSync(path, { force: true })
    throw error
  }
}
