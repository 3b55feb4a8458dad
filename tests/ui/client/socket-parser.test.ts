/** The limit that the page's parser moves: a run of many figures is one message. */
import { expect, it } from 'vitest'
import { socketParser } from '../../../ui/client/socket-parser.ts'

it('reads a message of as many binary parts as a run of sixty figures has', () => {
  const figures = Array.from({ length: 60 }, (_, i) => ({ values: Buffer.from([i]), marks: Buffer.from([0]) }))
  const decoder = new socketParser.Decoder()
  const decoded: unknown[] = []
  decoder.on('decoded', packet => decoded.push(packet.data))
  for (const part of new socketParser.Encoder().encode({ type: 2, nsp: '/', data: ['snapshot', figures] })) {
    decoder.add(part)
  }
  expect(decoded).toEqual([['snapshot', figures]])
})
