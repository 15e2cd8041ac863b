// Event streams that are opened and held.
import { Agent, type IncomingMessage, request } from 'node:http'

export type OpenStreams = Disposable & {
  /** How many have ended so far. */
  ended(): number
  /** Resolves when all have. */
  readonly allEnded: Promise<void>
}

/** How many are opened at once, and how long one may take to be there, in milliseconds. */
const AT_ONCE = 50
const PATIENCE = 30_000

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** Opens so many streams of `subscriptions/listen` with one token, or none, each on a connection of its own. */
export async function openStreams(
  url: string,
  token: string | undefined,
  count: number,
): Promise<OpenStreams> {
  const agent = new Agent({ keepAlive: false })
  const { promise: allEnded, resolve } = Promise.withResolvers<void>()
  let ended = 0
  const answers: IncomingMessage[] = []
  const open = async (id: number) => {
    const answer = await listen(url, token, agent, id)
    answers.push(answer)
    answer
      .on('error', () => {})
      .once('close', () => {
        ended++
        if (ended === count) resolve()
      })
  }
  const close = () => {
    for (const answer of answers) answer.destroy()
    agent.destroy()
  }
  try {
    for (let id = 0; id < count; id += AT_ONCE) {
      const some = Math.min(AT_ONCE, count - id)
      await Promise.all(Array.from({ length: some }, (_, i) => open(id + i)))
    }
  } catch (error) {
    close()
    throw error
  }
  return { ended: () => ended, allEnded, [Symbol.dispose]: close }
}

/** Resolves when the stream has said that it is open. */
function listen(
  url: string,
  token: string | undefined,
  agent: Agent,
  id: number,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const method = 'subscriptions/listen'
  const body = JSON.stringify({
    jsonrpc: '2.0',
    ...{ id, method },
    params: { notifications: { toolsListChanged: true }, _meta: META },
  })
  const late = setTimeout(() => reject(new Error(`${method} was not answered in time.`)), PATIENCE)
  request(url, {
    agent,
    method: 'POST',
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': method },
      'content-length': body.length,
    },
  })
    .on('error', reject)
    .on('response', (answer) => {
      answer.once('data', (bytes: Buffer) => {
        const isOpen = bytes.includes('subscriptions/acknowledged')
        if (isOpen) resolve(answer)
        else reject(new Error(`${method}: ${answer.statusCode} ${bytes.toString().slice(0, 300)}`))
      })
    })
    .end(body)
  return promise.finally(() => clearTimeout(late))
}
