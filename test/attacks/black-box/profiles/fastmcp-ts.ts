import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { install } from './install.ts'
import { startProcess } from './process.ts'
import type { Profile } from './profile.ts'

const VERSION = '4.20.16'

/** FastMCP for TypeScript, from npm. */
export const fastmcpTs: Profile = {
  id: 'fastmcp-ts',
  name: 'FastMCP (TypeScript)',
  note:
    "`AzureProvider` with its defaults, the tenant and the scopes that it needs. Entra's address " +
    'is built in: the two methods that have it are overridden with the address of the emulator. ' +
    'Where it redeems a code, the scope is named for it, without which the emulator refuses.',
  start: (entra) => {
    const folder = install('fastmcp-ts', VERSION, [
      ['npm', 'init', '--yes'],
      [
        'npm',
        'install',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
        `fastmcp@${VERSION}`,
      ],
    ])
    // A module finds its packages from where it is.
    const server = join(folder, 'server.mjs')
    copyFileSync(join(import.meta.dirname, 'fastmcp-ts', 'server.js'), server)
    return startProcess(entra, {
      version: VERSION,
      command: process.execPath,
      args: [server],
      callbackPath: '/oauth/callback',
      authority: entra.origin,
      env: (_, { certificateFile }) => ({ NODE_EXTRA_CA_CERTS: certificateFile }),
    })
  },
}
