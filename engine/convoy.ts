/**
 * Several passes over one model that share each reading of a layer. A pass runs until it asks for a
 * layer, and then waits; when all wait, the one that is furthest behind goes on, and among those that
 * wait for the same layer the one that stands first. So at every layer an earlier pass is done with
 * it before a later one begins, which may therefore read what the earlier one found there.
 *
 * It is what lets a sweep read the weights of a model on disk once: its donors, its base runs and its
 * patched lanes go down the layers together.
 */
import type { LayerWeights, ModelWeights } from './weights.ts'

/** One pass over the layers. It asks for layers in rising order, from the weights that it is given. */
export type Pass = (weights: ModelWeights) => Promise<void>

/** What a waiting pass asked for. */
interface Request {
  readonly layer: number
  readonly give: (weights: LayerWeights) => void
  readonly refuse: (error: unknown) => void
}

class Member {
  request: Request | null = null
  failure: { readonly error: unknown } | null = null
  #pause: () => void = () => {}

  /** Starts the pass; settles when it waits for a layer, or has ended. */
  begin(pass: Pass, source: ModelWeights): Promise<void> {
    const layer = (index: number): Promise<LayerWeights> =>
      new Promise((give, refuse) => {
        this.request = { layer: index, give, refuse }
        this.#pause()
      })
    return this.#untilPause(() => {
      pass({ ...source, layer }).then(
        () => this.#pause(),
        (error: unknown) => {
          this.failure = { error }
          this.#pause()
        },
      )
    })
  }

  /** Answers the request; settles when the pass waits again, or has ended. */
  goOn(answer: (request: Request) => void): Promise<void> {
    const { request } = this
    this.request = null
    return this.#untilPause(() => {
      if (request !== null) answer(request)
    })
  }

  #untilPause(work: () => void): Promise<void> {
    return new Promise(resolve => {
      this.#pause = resolve
      work()
    })
  }
}

/**
 * Runs passes together, one at a time. A pass must not wait for another but by the order of layers.
 * @throws what the first pass that failed threw, after all others were ended by the same error
 */
export async function inConvoy(source: ModelWeights, passes: readonly Pass[]): Promise<void> {
  const members: Member[] = []
  const failed = () => members.find(({ failure }) => failure !== null)?.failure ?? null
  for (const pass of passes) {
    if (failed() !== null) break
    const member = new Member()
    members.push(member)
    await member.begin(pass, source)
  }
  for (let next = furthestBehind(members); next !== null; next = furthestBehind(members)) {
    const { member, layer } = next
    const failure = failed()
    if (failure !== null) {
      await member.goOn(request => request.refuse(failure.error))
      continue
    }
    try {
      const weights = await source.layer(layer)
      await member.goOn(request => request.give(weights))
    } catch (error) {
      await member.goOn(request => request.refuse(error))
    }
  }
  const failure = failed()
  if (failure !== null) throw failure.error
}

function furthestBehind(members: readonly Member[]): { readonly member: Member; readonly layer: number } | null {
  let found: { member: Member; layer: number } | null = null
  for (const member of members) {
    const { request } = member
    if (request !== null && (found === null || request.layer < found.layer)) found = { member, layer: request.layer }
  }
  return found
}
