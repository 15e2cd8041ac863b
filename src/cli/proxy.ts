import { LOOPBACK_HOSTS } from '../core/site.ts'
import type { Environment } from './env.ts'
import { UsageError } from './exit-codes.ts'

/** What Node itself can do with a proxy. */
export type ProxySupport = {
  readonly version: string
  /** From Node 24.14. */
  readonly setGlobalProxyFromEnv: ((env: Record<string, string>) => unknown) | undefined
  /** From Node 22.21, but only by what is there when the process starts. */
  readonly knowsVariable: boolean
}

function proxySupport(): ProxySupport {
  return {
    version: process.version,
    // Loaded where there is a proxy only: most commands start without it.
    setGlobalProxyFromEnv: process.getBuiltinModule('node:http').setGlobalProxyFromEnv,
    knowsVariable: process.allowedNodeEnvironmentFlags.has('--use-env-proxy'),
  }
}

/**
 * Lets this process's requests go through the proxy of `HTTPS_PROXY` and `HTTP_PROXY`, except to
 * `NO_PROXY` and, always, to this machine itself. Where this Node cannot, says what to do.
 */
export function useProxy(env: Environment, given?: ProxySupport): string | undefined {
  const secure = env.HTTPS_PROXY || env.https_proxy
  const plain = env.HTTP_PROXY || env.http_proxy
  if (!secure && !plain) return undefined
  const node = given ?? proxySupport()
  if (!node.setGlobalProxyFromEnv) return findHindrance(env, node)
  const exceptions = [env.NO_PROXY || env.no_proxy, ...LOOPBACK_HOSTS, '::1']
  try {
    node.setGlobalProxyFromEnv({
      ...(secure && { HTTPS_PROXY: secure }),
      ...(plain && { HTTP_PROXY: plain }),
      NO_PROXY: exceptions.filter(Boolean).join(','),
    })
    return undefined
  } catch {
    // What was given may hold a password.
    const problem = 'HTTPS_PROXY or HTTP_PROXY is not the address of a proxy.'
    throw new UsageError(problem, 'Write it as http://proxy.example.com:8080, or unset it.')
  }
}

/** To go out directly where a proxy is set is no small matter: not without a word, at least. */
function findHindrance(env: Environment, { version, knowsVariable }: ProxySupport) {
  if (knowsVariable && env.NODE_USE_ENV_PROXY === '1') return undefined
  const cure = knowsVariable
    ? 'Set NODE_USE_ENV_PROXY=1 too, or use Node 24.14 or later.'
    : 'Use Node 24.14 or later.'
  return `A proxy is set, and Node ${version} does not use it: requests go out directly. ${cure}`
}
