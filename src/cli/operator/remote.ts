import { LOOPBACK_HOSTS } from '../../core/site.ts'
import type { Operator } from '../../index.ts'
import { CommandError, UsageError } from '../exit-codes.ts'

/** How long the server may take, in milliseconds: to end many sessions takes a while. */
const TIMEOUT = 300_000

type Ask = <T>(method: 'GET' | 'POST', path: string, given?: object) => Promise<T>

/** The operations of a running server, by its operator's API. */
export function remoteOperator(api: string, token: string, signal: AbortSignal): Operator {
  const ask = createAsk(checkAddress(api), token, signal)
  const count = (path: string, target: object) =>
    ask<{ count: number }>('POST', path, target).then((done) => done.count)
  return {
    sessions: {
      list: (query = {}) => ask('GET', '/api/sessions', query),
      revoke: (target) => count('/api/sessions/revoke', target),
    },
    users: {
      block: (user) => ask('POST', '/api/users/block', { user }),
      unblock: (user) => ask('POST', '/api/users/unblock', { user }),
      list: (paging = {}) => ask('GET', '/api/users', paging),
    },
    clients: {
      list: (paging = {}) => ask('GET', '/api/clients', paging),
      disable: (client) => ask('POST', '/api/clients/disable', { client }),
      enable: (client) => ask('POST', '/api/clients/enable', { client }),
    },
    consents: { reset: (target) => count('/api/consents/reset', target) },
  }
}

/** The token is not sent where anybody on the way can read it. */
function checkAddress(api: string): string {
  const url = URL.parse(api)
  if (
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname))
  ) {
    return url.origin
  }
  throw new UsageError(
    `'${api.slice(0, 200)}' is no address of an operator's port: https, or http on this machine, is expected.`,
    'Write it like http://localhost:9000; a port of another machine is reached through a tunnel.',
  )
}

function createAsk(origin: string, token: string, signal: AbortSignal): Ask {
  return async <T>(method: 'GET' | 'POST', path: string, given: object = {}) => {
    const entries = Object.entries(given).filter(([, value]) => value !== undefined)
    const query = new URLSearchParams(
      entries.map(([name, value]): [string, string] => [name, String(value)]),
    )
    const isQuery = method === 'GET' && entries.length > 0
    const response = await fetch(`${origin}${path}${isQuery ? `?${query}` : ''}`, {
      method,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(method === 'POST' && { body: JSON.stringify(Object.fromEntries(entries)) }),
    }).catch((cause: unknown) => {
      throw new CommandError(`The operator's port at ${origin} cannot be reached.`, {
        cure: 'Check the address, and that the server runs with ENTRANCE_OPERATOR_PORT.',
        cause,
      })
    })
    return read<T>(response, origin)
  }
}

type Answer = { readonly message?: unknown; readonly cure?: unknown } | undefined

async function read<T>(response: Response, origin: string): Promise<T> {
  const answer = (await response.json().catch(() => undefined)) as Answer
  if (response.ok && answer !== undefined) return answer as T
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 1000) : undefined)
  const message =
    text(answer?.message) ??
    `What answers at ${origin} is no operator's port: it said ${response.status}.`
  throw new CommandError(message, { cure: text(answer?.cure) })
}
