/** Tags as small buttons that find other runs with them. */

interface TagsProps {
  readonly tags: readonly string[]
  readonly chosen?: readonly string[]
  readonly label?: string
  readonly onTag: (tag: string) => void
}

export function Tags({ tags, chosen, label = 'Tags', onTag }: TagsProps) {
  if (tags.length === 0) return null
  return (
    <ul className="tags" aria-label={label}>
      {tags.map(tag => (
        <li key={tag}>
          <button
            type="button"
            className="tag"
            aria-pressed={chosen?.some(other => other.toLowerCase() === tag.toLowerCase())}
            onClick={() => onTag(tag)}
          >
            {tag}
          </button>
        </li>
      ))}
    </ul>
  )
}
