import { type Listening, listen } from '../adapters/listen.ts'
import { toNodeHandler } from '../adapters/node.ts'
import { ConfigError } from '../core/errors.ts'
import type { Connection, Entrance, Observer } from '../index.ts'
import type { Log } from '../log.ts'
import { createEntranceMetrics, createOperatorHandler } from '../operator/http.ts'
import type { OperatorSettings } from './operator-settings.ts'
import { packageVersion } from './package-version.ts'

type Api = (request: Request, connection?: Connection) => Promise<Response>

/** The operator's port, from before the server is ready until after it has ended. */
export type OperatorPort = {
  readonly port: number
  /** For the server's option `observers`. */
  readonly observers: readonly Observer[]
  /** There is a server now, and what answers below `/api/`. */
  attach(entrance: Entrance, api?: Api): void
  /** From now on it is not ready: nothing new is to come. */
  drain(): void
  close(): Promise<void>
}

/** Opens the port; undefined where none is configured. Throws `ConfigError`. */
export async function openOperatorPort(
  { port: asked, hosts, isLoopback }: OperatorSettings,
  log: Log,
): Promise<OperatorPort | undefined> {
  if (asked === undefined) return undefined
  let entrance: Entrance | undefined
  let api: Api | undefined
  let isDraining = false
  const status = () => entrance?.status()
  const metrics = createEntranceMetrics({ version: packageVersion(), status })
  const handler = createOperatorHandler({
    status,
    metrics,
    isDraining: () => isDraining,
    api: async (...message) => (await api?.(...message)) ?? new Response(null, { status: 404 }),
    isLoopback,
  })
  const onError = (error: unknown) =>
    log({ event: 'error.unexpected', level: 'error', message: String(error) })
  const listening = await listen(toNodeHandler(handler, { onError }), { port: asked, hosts }).catch(
    (error: unknown) => {
      metrics.close()
      throw portProblem(error, asked)
    },
  )
  return {
    port: listening.port,
    observers: [metrics.observer],
    attach(server, answer) {
      entrance = server
      api = answer
    },
    drain() {
      isDraining = true
    },
    close: () => close(listening, metrics),
  }
}

function close(listening: Listening, metrics: { close(): void }): Promise<void> {
  metrics.close()
  return listening.close()
}

function portProblem(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || code === 'EACCES') {
    const problem = `${port} ${code === 'EACCES' ? 'may not be used without more rights' : 'is in use by another program'}.`
    const cure = 'Choose another port, or leave it out.'
    return new ConfigError([{ option: 'ENTRANCE_OPERATOR_PORT', problem, cure }])
  }
  if (code !== 'EADDRNOTAVAIL' && code !== 'ENOTFOUND' && code !== 'EAI_AGAIN') return error
  const problem = 'is not an address of this machine.'
  const cure = 'Leave it out for loopback, or use 0.0.0.0.'
  return new ConfigError([{ option: 'ENTRANCE_OPERATOR_HOST', problem, cure }])
}
