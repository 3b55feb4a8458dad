/** Resolves once `condition` holds; a test's own time limit ends the wait. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 5))
}

/** For "nothing comes": long enough for several batches to have come. */
export function aWhile(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 400))
}
