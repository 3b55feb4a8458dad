/** The letter of a panel: `(a)` to `(z)`, then `(27)` on. */
export function letter(index: number): string {
  return `(${index < 26 ? String.fromCharCode(97 + index) : index + 1})`
}
