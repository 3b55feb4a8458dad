/** Items with their places, for lists whose items have no name but where they stand. */
export function numbered<T>(items: readonly T[]): readonly { readonly at: number; readonly item: T }[] {
  return items.map((item, at) => ({ at, item }))
}
