/** The few signs that say more than a word would take room for; always beside or instead of a name. */
const PATHS = {
  transpose: 'M3 12.5V6M3 12.5h6.5M5.5 3.2h4a3.3 3.3 0 0 1 3.3 3.3v4M10.9 8.7l1.9 1.9 1.9-1.9',
  nearer: 'M8 3.5v9M3.5 8h9',
  farther: 'M3.5 8h9',
  all: 'M3.5 6.5v-3h3M9.5 3.5h3v3M12.5 9.5v3h-3M6.5 12.5h-3v-3',
  adjust: 'M3 5h5.5M12 5h1M10.25 3.25v3.5M3 11h1M7.5 11H13M5.75 9.25v3.5',
  heat: 'M3 3h4.5v4.5H3zM8.5 8.5H13V13H8.5zM8.5 3H13v4.5H8.5zM3 8.5h4.5V13H3z',
  line: 'M2.5 11.5 6 7l3 2.5 4.5-6',
} as const

export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
