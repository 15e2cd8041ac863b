import { fetchFor } from '../client/fetch.ts'
import { CommandError, Interrupted } from '../exit-codes.ts'
import { printableLine } from '../terminal.ts'

/** What the server says of itself, or what stands in the way of hearing it. */
export type Found = {
  /** What people call it; undefined where it does not say. */
  readonly name?: string
  /** What the person has to know, in a sentence. */
  readonly warning?: string
}

/** Seconds that an answer may take; who wants to write a file should not wait for long. */
const PATIENCE = 3

/** Far more than metadata take. */
const LARGEST = 64 * 1024

/** Asks the server for its name (RFC 9728); fails only when interrupted, for it may start later. */
export async function findServer(url: URL, signal: AbortSignal): Promise<Found> {
  const address = metadataUrl(url)
  try {
    const response = await fetchFor(
      url,
      signal,
      PATIENCE,
    )(address, {
      headers: { accept: 'application/json' },
    })
    const text = await readBeginning(response)
    const metadata = response.ok ? parseObject(text) : undefined
    return metadata ? judge(url, metadata) : { warning: notEntrance(url, response.status) }
  } catch (error) {
    if (signal.aborted) throw new Interrupted()
    const reason = error instanceof Error ? error.cause : undefined
    const why = reason instanceof CommandError ? reason.message : `${url.origin} broke off.`
    return { warning: printableLine(`${why} It has to answer when you sign in.`) }
  }
}

function judge(url: URL, metadata: ReadonlyMap<string, unknown>): Found {
  const [name, resource] = [metadata.get('resource_name'), metadata.get('resource')]
  const found = typeof name === 'string' ? { name } : {}
  if (typeof resource !== 'string' || URL.parse(resource)?.href === url.href) return found
  const other = printableLine(resource).slice(0, 300)
  const warning = `The server calls itself ${other}, and clients refuse one that is called by another address: use that.`
  return { ...found, warning }
}

/** @see https://www.rfc-editor.org/rfc/rfc9728#section-3.1 */
function metadataUrl(url: URL): URL {
  const path = url.pathname === '/' ? '' : url.pathname
  return new URL(`/.well-known/oauth-protected-resource${path}${url.search}`, url)
}

function notEntrance(url: URL, status: number): string {
  return `${url.href} does not say how to sign in to it (${status}): is it the address of the MCP endpoint, such as ${url.origin}/mcp?`
}

async function readBeginning({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > LARGEST) break
  }
  return text
}

function parseObject(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value ? new Map(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}
