/** Labels of tokens: none is empty, no two are the same. */
import { expect, it } from 'vitest'
import { makeLabels } from '../../engine/tokenizer/labels.ts'

it('a token of no text has a sign of its own, also where another spells it', () => {
  const tokens = ['', '<empty>', 'a']
  const source = { size: 3, spelling: 'plain', token: (id: number) => tokens[id], isAdded: () => false } as const
  expect(makeLabels({ ...source, size: 1 })).toEqual(['<empty>'])
  expect(makeLabels(source)).toEqual(['<empty>#0', '<empty>#1', 'a'])
})
