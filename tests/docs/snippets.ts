/**
 * The TypeScript of the docs, ready to be checked and run. Each fence is a module of its own:
 *   ```ts              type-checked and run
 *   ```ts continued    goes on with the fence before it, in the same module
 *   ```ts no-run       type-checked only: it needs a model that is not here
 * `console.log(x) // → text` says what is printed; a module says it of all that it prints, or of nothing. Fences run in the repository's folder.
 */

export interface Snippet {
  /** Page and line, for messages: `docs/a.md:12`. */
  readonly where: string
  readonly code: string
  readonly runs: boolean
}

const FENCE = /^```ts\b *(.*)\n([\s\S]*?)^```$/gm

/** @throws Error for a fence whose words are not known: it would silently not be checked */
export function snippetsOf(page: string, markdown: string): Snippet[] {
  const snippets: Snippet[] = []
  for (const { index, 1: words = '', 2: code = '' } of markdown.matchAll(FENCE)) {
    const where = `${page}:${markdown.slice(0, index).split('\n').length}`
    const before = snippets.at(-1)
    if (words === '' || words === 'no-run') snippets.push({ where, code, runs: words === '' })
    else if (words === 'continued' && before !== undefined)
      snippets[snippets.length - 1] = { ...before, code: `${before.code}\n${code}` }
    else throw new Error(`${where}: expected a fence "ts", "ts continued" or "ts no-run", got "ts ${words}"`)
  }
  return snippets
}

/** What a snippet says that it prints, in order. */
export function promisedLines({ code }: Snippet): string[] {
  return [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text = '']) => text.trim())
}
