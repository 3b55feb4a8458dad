/**
 * Lets a study file outside this package import `patchlight/studies` and the like, which Node's rules
 * would look for beside that file, and has it read as an ES module whatever the nearest package.json
 * says. The files that it imports by relative path are treated alike.
 *
 * Node 22.15 and later resolve in this thread (`registerHooks`); Node 20 resolves in a thread of its
 * own, where this same file serves as the hook.
 */
import * as nodeModule from 'node:module'

/** The query that marks a study's URL; its value makes a changed file a new module. */
export const STUDY_QUERY = 'study'

interface Resolved {
  readonly url: string
  readonly format?: string | null | undefined
}

interface ResolveContext {
  readonly parentURL?: string | undefined
}

type RegisterHooks = (hooks: {
  resolve: (
    specifier: string,
    context: ResolveContext,
    next: (specifier: string, context: ResolveContext) => Resolved,
  ) => Resolved
}) => void

const ownUrl = import.meta.url
const MARK = new RegExp(`[?&]${STUDY_QUERY}=([\\d.]+)`)

function resolvesHere(specifier: string): boolean {
  return specifier === 'patchlight' || specifier.startsWith('patchlight/')
}

/** Marks a study, and what it imports by path, as an ES module in TypeScript. */
function marked(specifier: string, context: ResolveContext, resolved: Resolved): Resolved {
  if (!resolved.url.startsWith('file:') || resolved.url.includes('/node_modules/')) return resolved
  if (MARK.test(resolved.url)) return { ...resolved, format: 'module-typescript' }
  const parent = MARK.exec(context.parentURL ?? '')
  if (parent === null || !/^\.{0,2}\//.test(specifier) || !/\.[mc]?[jt]s$/.test(resolved.url)) return resolved
  return { ...resolved, url: `${resolved.url}?${STUDY_QUERY}=${parent[1]}`, format: 'module-typescript' }
}

/** The hook where Node resolves in its own thread. */
export async function resolve(
  specifier: string,
  context: ResolveContext,
  next: (specifier: string, context: ResolveContext) => Promise<Resolved>,
): Promise<Resolved> {
  if (resolvesHere(specifier)) return next(specifier, { ...context, parentURL: ownUrl })
  return marked(specifier, context, await next(specifier, context))
}

let registered = false

/** Registers the hook in this process, once. */
export function registerStudyResolver(): void {
  if (registered) return
  registered = true
  // The types of the oldest Node that we serve do not know it.
  const { registerHooks } = nodeModule as { registerHooks?: RegisterHooks }
  if (registerHooks === undefined) {
    nodeModule.register(ownUrl)
    return
  }
  registerHooks({
    resolve: (specifier, context, next) =>
      resolvesHere(specifier)
        ? next(specifier, { ...context, parentURL: ownUrl })
        : marked(specifier, context, next(specifier, context)),
  })
}
