/** Finds keys that stand twice in one object: `JSON.parse` would silently keep the last. */

/**
 * The first key that an object of the text holds twice, or null.
 * @param json text that `JSON.parse` accepts; anything else gives no useful answer.
 */
export function duplicateKey(json: string): string | null {
  // One entry a level of nesting: the keys seen in an object, null in a list.
  const levels: (Set<string> | null)[] = []
  let expectKey = false
  for (let i = 0; i < json.length; i++) {
    const char = json[i]
    if (char === '"') {
      const start = i
      for (i++; i < json.length && json[i] !== '"'; i++) if (json[i] === '\\') i++
      const keys = levels.at(-1)
      if (!expectKey || !keys) continue
      const key = String(JSON.parse(json.slice(start, i + 1)))
      if (keys.has(key)) return key
      keys.add(key)
      expectKey = false
    } else if (char === '{') {
      levels.push(new Set())
      expectKey = true
    } else if (char === '[') {
      levels.push(null)
      expectKey = false
    } else if (char === '}' || char === ']') {
      levels.pop()
      expectKey = false
    } else if (char === ',') {
      expectKey = levels.at(-1) !== null
    }
  }
  return null
}
