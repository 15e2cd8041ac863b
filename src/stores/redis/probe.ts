import { connect } from 'node:net'
import type { RedisHost } from './address.ts'

/** How long a port may take to say that it speaks no TLS, in milliseconds. */
const PATIENCE = 500

/**
 * Whether a Redis without TLS is there. One that gets a TLS greeting waits for the rest of what it
 * takes for a command, so that nothing but a time-out tells. No credentials are sent.
 */
export function speaksPlainly({ host, port }: RedisHost): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: PATIENCE }, () => socket.write('PING\r\n'))
  socket.on('data', (data) => resolve(/^(\+PONG|-NOAUTH|-DENIED)/.test(data.toString('latin1'))))
  for (const event of ['error', 'timeout', 'close']) socket.on(event, () => resolve(false))
  return promise.finally(() => socket.destroy())
}
