/** Where two prompts differ. */
import { expect, it } from 'vitest'
import { diffTokens } from '../../../ui/web/views/new-run/token-diff.ts'

const view = (text: string) => ({ ids: [...text].map(c => c.codePointAt(0) ?? 0), labels: [...text] })

it('goes position by position where there are equally many tokens', () => {
  const { first, second, warning } = diffTokens(view('abcd'), view('axcy'))
  expect([...first]).toEqual([1, 3])
  expect([...second]).toEqual([1, 3])
  expect(warning).toBeNull()
})

it('says which tokens are in the way where there are not', () => {
  const { first, second, warning } = diffTokens(view('it is 9:00 am now'), view('it is 10:00 pm'))
  expect([...first].map(at => 'it is 9:00 am now'[at])).toEqual(['9', 'a', ' ', 'n', 'o', 'w'])
  expect([...second].map(at => 'it is 10:00 pm'[at])).toEqual(['1', '0', 'p'])
  expect(warning).toBe(
    '17 tokens against 14: they must be equally many. ' +
      'Only here: “9” “a” “ ” “n” “o” “w”; only in the other: “1” “0” “p”.',
  )
})

it('marks nothing in a prompt that only lacks tokens', () => {
  const { first, second, warning } = diffTokens(view('ac'), view('abc'))
  expect([...first]).toEqual([])
  expect([...second]).toEqual([1])
  expect(warning).toContain('Only here: nothing; only in the other: “b”')
})

it('takes the middle of long prompts as a whole', () => {
  const { first, second } = diffTokens(view(`<${'ab'.repeat(1000)}>`), view(`<${'ba'.repeat(1001)}>`))
  expect(first.size).toBe(2000)
  expect(second.size).toBe(2002)
})

it('quotes no more tokens than one reads', () => {
  const { warning } = diffTokens(view('a'), view('a0123456789'))
  expect(warning).toContain('only in the other: “0” “1” “2” “3” “4” “5” “6” “7” and 2 more.')
})
