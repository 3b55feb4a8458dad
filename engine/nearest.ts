/**
 * The names nearest to one that does not exist, for errors that say what was probably meant.
 * Distance is the number of single-character edits, a swap of neighbours counting as one
 * (optimal string alignment), since a swap is how people mistype.
 */

/** Longer names are cut for comparison: the cost is quadratic, and no name of ours comes near it. */
const MAX_LENGTH = 200

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const differ = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + differ)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

/**
 * The `n` candidates that take the fewest edits to become `word`, nearest first; ties keep the candidates' order.
 * Letter case counts half an edit.
 */
export function nearest(word: string, candidates: Iterable<string>, n = 3): string[] {
  const target = word.slice(0, MAX_LENGTH)
  const lower = target.toLowerCase()
  const scored = [...new Set(candidates)].map(name => {
    const cut = name.slice(0, MAX_LENGTH)
    return { name, distance: editDistance(lower, cut.toLowerCase()) + (editDistance(target, cut) > 0 ? 0.5 : 0) }
  })
  return scored
    .sort((a, b) => a.distance - b.distance)
    .slice(0, n)
    .map(entry => entry.name)
}
