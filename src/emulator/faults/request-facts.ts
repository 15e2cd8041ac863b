import { readForm } from '../params.ts'
import { findRoute } from '../router.ts'
import type { RequestFacts } from './create-faults.ts'

const GRAPH = /^\/(v1\.0|beta|oidc)\//

/** What a request says of itself; its body is left to be read. */
export async function readFacts(request: Request): Promise<RequestFacts> {
  const { pathname, searchParams } = new URL(request.url)
  const form = await readForm(request.clone()).catch(() => new URLSearchParams())
  const params = new URLSearchParams([...searchParams, ...form])
  const clientId = params.get('client_id') ?? basicUser(request)
  const route = findRoute(pathname)?.route
  const isGraph = GRAPH.test(pathname)
  return {
    endpoint: route?.name ?? (isGraph ? 'graph' : 'none'),
    errors: isGraph ? 'graph' : (route?.errors ?? 'page'),
    pathname,
    params,
    clientId: clientId?.toLowerCase(),
  }
}

function basicUser(request: Request): string | undefined {
  const encoded = /^basic +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (encoded === undefined) return undefined
  return Buffer.from(encoded, 'base64').toString('utf8').split(':')[0]
}
