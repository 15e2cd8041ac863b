import type { Environment } from './env.ts'
import { UsageError } from './exit-codes.ts'

/**
 * Lets this process's requests go through the proxy of `HTTPS_PROXY` and `HTTP_PROXY`, except to
 * `NO_PROXY` and, always, to this machine itself.
 */
export async function useProxy(env: Environment): Promise<void> {
  const secure = env.HTTPS_PROXY || env.https_proxy
  const plain = env.HTTP_PROXY || env.http_proxy
  if (!secure && !plain) return
  const { setGlobalProxyFromEnv } = await import('node:http')
  // Node 22 has it only as NODE_USE_ENV_PROXY=1, which has to be there when the process starts.
  if (typeof setGlobalProxyFromEnv !== 'function') return
  const exceptions = [env.NO_PROXY || env.no_proxy, 'localhost', '127.0.0.1', '[::1]', '::1']
  try {
    setGlobalProxyFromEnv({
      ...(secure && { HTTPS_PROXY: secure }),
      ...(plain && { HTTP_PROXY: plain }),
      NO_PROXY: exceptions.filter(Boolean).join(','),
    })
  } catch {
    // What was given may hold a password.
    const problem = 'HTTPS_PROXY or HTTP_PROXY is not the address of a proxy.'
    throw new UsageError(problem, 'Write it as http://proxy.example.com:8080, or unset it.')
  }
}
