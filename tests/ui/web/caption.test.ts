import { describe, expect, it } from 'vitest'
import { shareCaption } from '../../../ui/web/plot/caption.ts'

describe('captions of panels that stand together', () => {
  it('says once what all begin with', () => {
    expect(
      shareCaption(['Each head is patched; colour: yes. Mean.', 'Each head is patched; colour: no. Mean.']),
    ).toEqual({
      shared: 'Each head is patched;',
      own: ['colour: yes. Mean.', 'colour: no. Mean.'],
    })
  })

  it('leaves captions that have nothing in common', () => {
    expect(shareCaption(['a. b', 'c. b'])).toEqual({ shared: '', own: ['a. b', 'c. b'] })
  })

  it('says equal captions once', () => {
    expect(shareCaption(['a. b', 'a. b'])).toEqual({ shared: 'a. b', own: ['', ''] })
  })
})
