import { describe, expect, it } from 'vitest'
import { forTerminal } from '../../../ui/cli/output.ts'

describe('what a terminal is sent', () => {
  it('keeps text, line ends, tabs and our own bold and dim', () => {
    const text = '\u001b[1mZeit – समय 時間 🕘\u001b[0m\tam\n\u001b[2mdim\u001b[0m'
    expect(forTerminal(text)).toBe(text)
  })

  it.each([
    ['clears the screen', '\u001b[2J'],
    ['sets the title', '\u001b]0;title\u0007'],
    ['begins with one character', '\u009b2J'],
    ['goes back over the line', '\r'],
    ['hides in a colour', '\u001b[31m'],
  ])('holds no control of a stranger that %s', (_what, control) => {
    expect(forTerminal(`name ${control} end`)).not.toMatch(/(?![\n\t])\p{Cc}/u)
  })
})
