import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A server of one answer, for the length of a test. */
export async function serve(t: TestContext, answer: RequestListener) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  t.after(close)
  const { port } = server.address() as AddressInfo
  return { asked, close, url: `http://127.0.0.1:${port}/mcp` }
}

/** An answer in JSON. */
export const json =
  (value: unknown): RequestListener =>
  (_, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value))

/** Where nothing listens: a port that has just been given back. */
export async function closedUrl(t: TestContext): Promise<string> {
  const { url, close } = await serve(t, () => {})
  await close()
  return url
}
