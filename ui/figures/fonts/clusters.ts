/** Text in its smallest pieces that one font must draw whole: a character with what combines with it. */

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

export function clusters(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

/**
 * The characters of a cluster that need a glyph: joiners and variation selectors choose among
 * glyphs and have none.
 */
export function needed(cluster: string): readonly number[] {
  return [...cluster]
    .filter(character => !/\p{Default_Ignorable_Code_Point}/u.test(character))
    .map(character => character.codePointAt(0) ?? 0)
}
