import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { install } from './install.ts'
import type { Peer } from './peer.ts'
import { runPeer } from './run-peer.ts'

const NAME = 'FastMCP (Python)'
const VERSION = '4.2.3'
const HERE = join(import.meta.dirname, 'fastmcp-py')
const BIN = process.platform === 'win32' ? 'Scripts' : 'bin'

/** FastMCP for Python, from PyPI, on uvicorn. */
export const fastmcpPython: Peer = {
  name: NAME,
  async start(run, entra) {
    const requirements = readFileSync(join(HERE, 'requirements.txt'), 'utf8')
    const folder = await install({
      name: 'fastmcp-py',
      version: VERSION,
      pins: requirements,
      files: { 'requirements.txt': requirements },
      steps: [
        [process.platform === 'win32' ? 'python' : 'python3', '-m', 'venv', 'venv'],
        [
          join('venv', BIN, 'python'),
          ...['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'],
          ...['--only-binary', ':all:', '-r', 'requirements.txt'],
        ],
      ],
    })
    const port = await fixedPort()
    return runPeer(run, entra, {
      name: NAME,
      url: `http://localhost:${port}`,
      callbackPath: '/auth/callback',
      program: {
        command: join(folder, 'venv', BIN, 'python'),
        args: [join(HERE, 'server.py')],
        env: {
          PORT: String(port),
          CLIENT_ID: entra.clientId,
          CLIENT_SECRET: entra.clientSecret,
          TENANT_ID: entra.tenantId,
          AUTHORITY: entra.authority,
          // Not this person's own, though nothing is written there.
          FASTMCP_HOME: mkdtempSync(join(run.folder, 'fastmcp-py-')),
          FASTMCP_CHECK_FOR_UPDATES: 'off',
          FASTMCP_LOG_LEVEL: 'ERROR',
        },
      },
      conditions: CONDITIONS,
    })
  },
}

const CONDITIONS = [
  `FastMCP (Python) is ${VERSION} with its AzureProvider, on uvicorn 0.54.0 with one worker, uvloop and httptools; stateless, JSON answers, no access log.`,
  'FastMCP (Python): sign-ins and expenses are in memory; the encrypted files that it keeps sign-ins in by default cost it several times as much.',
  "FastMCP (Python): `https` of the addresses at Entra was replaced by the emulator's `http`, which spares it the handshakes.",
]
