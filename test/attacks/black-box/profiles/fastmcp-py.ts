import { join } from 'node:path'
import { install } from './install.ts'
import { startProcess } from './process.ts'
import type { Profile } from './profile.ts'

const VERSION = '4.2.3'

/** FastMCP for Python, from PyPI. */
export const fastmcpPy: Profile = {
  id: 'fastmcp-py',
  name: 'FastMCP (Python)',
  note:
    '`AzureProvider` with its defaults, the tenant and the scope `mcp-access`; `base_authority` ' +
    'says where the emulator is.',
  start: (entra) => {
    const folder = install('fastmcp-py', VERSION, [
      ['python3', '-m', 'venv', 'venv'],
      ['venv/bin/pip', 'install', '--quiet', `fastmcp==${VERSION}`],
    ])
    return startProcess(entra, {
      version: VERSION,
      command: join(folder, 'venv', 'bin', 'python'),
      args: [join(import.meta.dirname, 'fastmcp-py', 'server.py')],
      callbackPath: '/auth/callback',
      authority: entra.host,
      env: (home, { certificateFile }) => ({
        FASTMCP_HOME: join(home, 'fastmcp'),
        FASTMCP_CHECK_FOR_UPDATES: 'off',
        SSL_CERT_FILE: certificateFile,
      }),
    })
  },
}
