/**
 * socket.io's own wire format with one limit moved. Every figure of a snapshot travels as two binary
 * attachments, and the parser refuses a packet of more than ten (it guards servers against clients);
 * a run of six figures would end the connection, again and again.
 */
import { Decoder, Encoder, protocol } from 'socket.io-parser'

/** A run of a thousand figures, or a batch of as many pieces, with values and marks each. */
const MAX_ATTACHMENTS = 2000

class RoomyDecoder extends Decoder {
  constructor() {
    super({ maxAttachments: MAX_ATTACHMENTS })
  }
}

export const socketParser = { protocol, Encoder, Decoder: RoomyDecoder }
