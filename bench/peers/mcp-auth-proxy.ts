import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { startBare } from '../subjects/bare.ts'
import { install } from './install.ts'
import type { Entra, Peer } from './peer.ts'
import { runPeer } from './run-peer.ts'

const NAME = 'mcp-auth-proxy (Go)'
const VERSION = '2.5.4'
const MODULE = `github.com/sigbit/mcp-auth-proxy@v${VERSION}`

/** A proxy of one binary, in front of the MCP SDK's bare server. */
export const mcpAuthProxy: Peer = {
  name: NAME,
  async start(run, entra) {
    const folder = await install({
      name: 'mcp-auth-proxy',
      version: VERSION,
      pins: MODULE,
      steps: [['go', 'install', MODULE]],
      env: (bin) => ({ GOBIN: bin }),
    })
    await using started = new AsyncDisposableStack()
    const behind = started.use(await startBare())
    const data = mkdtempSync(join(run.folder, 'mcp-auth-proxy-'))
    const url = `http://localhost:${await fixedPort()}`
    const subject = started.use(
      await runPeer(run, entra, {
        name: NAME,
        url,
        callbackPath: '/.auth/oidc/callback',
        hasExpenses: true,
        program: {
          command: join(folder, 'mcp-auth-proxy'),
          args: [behind.url],
          env: variables(url, data, entra),
        },
        conditions: CONDITIONS,
      }),
    )
    const running = started.move()
    return { ...subject, [Symbol.asyncDispose]: () => running.disposeAsync() }
  },
}

function variables(url: string, data: string, entra: Entra): Record<string, string> {
  return {
    LISTEN: new URL(url).host,
    EXTERNAL_URL: url,
    NO_AUTO_TLS: 'true',
    DATA_PATH: data,
    HTTP_STREAMING_ONLY: 'true',
    OIDC_CONFIGURATION_URL: `${entra.authority}/${entra.tenantId}/v2.0/.well-known/openid-configuration`,
    OIDC_CLIENT_ID: entra.clientId,
    OIDC_CLIENT_SECRET: entra.clientSecret,
    OIDC_USER_ID_FIELD: '/sub',
    GIN_MODE: 'release',
  }
}

const CONDITIONS = [
  `mcp-auth-proxy (Go) is ${VERSION} with Entra by its OIDC provider, in its own BoltDB; it asks for no consent, and tells the server behind it nothing of the person.`,
  "mcp-auth-proxy (Go) is in front of the bare MCP SDK server, on the same processor; CPU and memory are the proxy's alone.",
]
