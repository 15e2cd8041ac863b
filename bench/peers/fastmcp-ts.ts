import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeBinary } from '../../scripts/setup.js'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { install } from './install.ts'
import type { Peer } from './peer.ts'
import { runPeer } from './run-peer.ts'

const NAME = 'FastMCP (TypeScript)'
const VERSION = '4.20.16'
const HERE = join(import.meta.dirname, 'fastmcp-ts')
const PINS = ['package.json', 'package-lock.json']

/** FastMCP for TypeScript, from npm. */
export const fastmcpTypeScript: Peer = {
  name: NAME,
  async start(run, entra) {
    const files = Object.fromEntries(
      PINS.map((name) => [name, readFileSync(join(HERE, name), 'utf8')]),
    )
    const folder = await install({
      name: 'fastmcp-ts',
      version: VERSION,
      pins: Object.values(files).join('\n'),
      files,
      steps: [['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']],
    })
    // A module finds its packages from where it is.
    const server = join(folder, 'server.js')
    copyFileSync(join(HERE, 'server.js'), server)
    const port = await fixedPort()
    return runPeer(run, entra, {
      name: NAME,
      url: `http://localhost:${port}`,
      callbackPath: '/oauth/callback',
      program: {
        command: nodeBinary(),
        args: [server],
        env: {
          PORT: String(port),
          CLIENT_ID: entra.clientId,
          CLIENT_SECRET: entra.clientSecret,
          TENANT_ID: entra.tenantId,
          AUTHORITY: entra.authority,
        },
      },
      conditions: CONDITIONS,
    })
  },
}

const CONDITIONS = [
  `FastMCP (TypeScript) is ${VERSION} with its AzureProvider; stateless, JSON answers, no log; sign-ins and expenses in memory.`,
  "FastMCP (TypeScript): Entra's address is built in. Its requests there go to the emulator by a replaced `fetch`, which names the scope when a code is redeemed; browsers are sent there by an overridden method.",
]
