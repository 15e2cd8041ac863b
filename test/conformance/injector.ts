import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { LOOPBACK_ADDRESSES } from '../../src/adapters/listen.ts'

/** In front of a guarded server: one who knows no tokens gets in. */
export type Injector = AsyncDisposable & { readonly url: string }

/**
 * Passes everything on to the server at `target` as it comes, with the token besides: the suite
 * has no option for one. A Host or Origin that is the injector's own becomes the server's, a foreign
 * one stays as it is; what is streamed is streamed on.
 */
export async function startInjector(target: string, token: string): Promise<Injector> {
  const to = new URL(target)
  let own = ''
  const server = createServer((incoming, outgoing) => {
    const headers = translate(incoming.headers, own, to.host)
    const options = {
      method: incoming.method,
      headers: { ...headers, authorization: `Bearer ${token}` },
    }
    const passed = request(new URL(incoming.url ?? '/', to), options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    // Who hangs up here has hung up there.
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK_ADDRESSES[0], resolve))
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('The injector has no port.')
  own = `localhost:${address.port}`
  const close = async () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://${own}`, [Symbol.asyncDispose]: close }
}

function translate(headers: IncomingHttpHeaders, own: string, target: string): IncomingHttpHeaders {
  const { host, origin, ...rest } = headers
  return {
    ...rest,
    ...(host && { host: host === own ? target : host }),
    ...(origin && { origin: origin === `http://${own}` ? `http://${target}` : origin }),
  }
}
