import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands in front of a database, and can lose what that answers. */
export type LossyProxy = AsyncDisposable & {
  readonly port: number
  /** From now on whoever sends something like this is cut off when it has been answered. */
  loseAnswersTo(text: string | undefined): void
  /** How many answers were lost. */
  readonly lost: number
}

/** Starts it in front of a port of loopback. */
export async function startLossyProxy(port: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>()
  let pattern: string | undefined
  let lost = 0
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    let isLosing = false
    for (const [own, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(own)
      own.on('error', () => {})
      own.on('close', () => {
        sockets.delete(own)
        other.destroy()
      })
    }
    client.on('data', (chunk) => {
      if (pattern !== undefined && chunk.includes(pattern)) isLosing = true
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (!isLosing) return client.write(chunk)
      lost++
      return client.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    loseAnswersTo(text) {
      pattern = text
    },
    get lost() {
      return lost
    },
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
