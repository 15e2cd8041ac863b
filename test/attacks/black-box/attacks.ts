import type { Attack } from './attack.ts'
import { callback } from './attacks/callback.ts'
import { clients } from './attacks/clients.ts'
import { code } from './attacks/code.ts'
import { consent } from './attacks/consent.ts'
import { discovery } from './attacks/discovery.ts'
import { load } from './attacks/load.ts'
import { pages } from './attacks/pages.ts'
import { redirects } from './attacks/redirects.ts'
import { refresh } from './attacks/refresh.ts'
import { resource } from './attacks/resource.ts'
import { tokens } from './attacks/tokens.ts'

/** Every attack, in the order of the table: by what is attacked. */
export const ATTACKS: ReadonlyMap<string, readonly Attack[]> = new Map([
  ['Consent', consent],
  ['Callback', callback],
  ['Code', code],
  ['Refresh token', refresh],
  ['Tokens', tokens],
  ['Redirect URIs', redirects],
  ['Resource and scope', resource],
  ['Pages', pages],
  ['Clients', clients],
  ['Load and restarts', load],
  ['Discovery', discovery],
])
