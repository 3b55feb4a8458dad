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

/** What a study imports by relative path gets the study's own mark. */
function markedSpecifier(specifier: string, context: ResolveContext): string {
  const parent = MARK.exec(context.parentURL ?? '')
  if (parent === null || context.parentURL === undefined || !/^\.{1,2}\/.*\.[mc]?[jt]s$/.test(specifier))
    return specifier
  return `${new URL(specifier, context.parentURL).href}?${STUDY_QUERY}=${parent[1]}`
}

/** A marked file is an ES module, in TypeScript or not. */
function asModule(resolved: Resolved): Resolved {
  return resolved.url.startsWith('file:') && MARK.test(resolved.url)
    ? { ...resolved, format: 'module-typescript' }
    : resolved
}

/** The hook where Node resolves in its own thread; Node finds it by its name. @public */
export async function resolve(
  specifier: string,
  context: ResolveContext,
  next: (specifier: string, context: ResolveContext) => Promise<Resolved>,
): Promise<Resolved> {
  if (resolvesHere(specifier)) return next(specifier, { ...context, parentURL: ownUrl })
  return asModule(await next(markedSpecifier(specifier, context), context))
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
        : asModule(next(markedSpecifier(specifier, context), context)),
  })
}
