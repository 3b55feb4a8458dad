/** The presets of the built-in studies, as the page and the command line list them. */
import { expect, it } from 'vitest'
import { BUILT_IN_STUDIES } from '../../studies/registry.ts'

it('have titles that are written alike: a capital first, no stray space, no full stop', () => {
  const titles = BUILT_IN_STUDIES.flatMap(study => study.presets.map(preset => preset.title))
  expect(titles.length).toBeGreaterThan(8)
  expect(titles.filter(title => !/^\p{Lu}/u.test(title) || /\s(\s|[,.:;)]|$)|\.$/.test(title))).toEqual([])
})
