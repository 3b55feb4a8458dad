/** Where a key takes the cell cursor; null for a key that does not move it. */
export function moveCursor(key: string, control: boolean, at: number, columns: number, rows: number): number | null {
  const x = at % columns
  const y = Math.floor(at / columns)
  const to = (column: number, row: number) =>
    Math.min(rows - 1, Math.max(0, row)) * columns + Math.min(columns - 1, Math.max(0, column))
  switch (key) {
    case 'ArrowLeft':
      return to(x - 1, y)
    case 'ArrowRight':
      return to(x + 1, y)
    case 'ArrowUp':
      return to(x, y - 1)
    case 'ArrowDown':
      return to(x, y + 1)
    case 'PageUp':
      return to(x, y - PAGE)
    case 'PageDown':
      return to(x, y + PAGE)
    case 'Home':
      return control ? 0 : to(0, y)
    case 'End':
      return control ? rows * columns - 1 : to(columns - 1, y)
    default:
      return null
  }
}

const PAGE = 10
