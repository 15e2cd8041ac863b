import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

/** A forward proxy, as companies have one. */
export type ForwardProxy = AsyncDisposable & {
  /** With its user name and password. */
  readonly url: string
  /** The same without. */
  readonly bareUrl: string
  /** The hosts that it was asked to connect to. */
  readonly connected: string[]
  /** What it answers in place of connecting. */
  refusal: number | undefined
}

const CREDENTIALS = `Basic ${Buffer.from('user:a-proxy-password').toString('base64')}`

/**
 * Starts a proxy that knows where each host is: on this machine, at the port that is asked for. It
 * wants a password.
 */
export async function startForwardProxy(): Promise<ForwardProxy> {
  const connected: string[] = []
  const server = createServer((request, response) => {
    connected.push(`${request.url}`)
    response.writeHead(502).end()
  })
  server.on('connect', (request, socket) => {
    const host = request.url ?? ''
    const isKnown = request.headers['proxy-authorization'] === CREDENTIALS
    const status = isKnown ? proxy.refusal : 407
    if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
    connected.push(host)
    const to = connect(Number(host.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      to.pipe(socket).pipe(to)
    })
    for (const end of [to, socket]) end.on('error', () => to.destroy())
    socket.on('close', () => to.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy: ForwardProxy = {
    url: `http://user:a-proxy-password@127.0.0.1:${port}`,
    bareUrl: `http://127.0.0.1:${port}`,
    connected,
    refusal: undefined,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
  return proxy
}
