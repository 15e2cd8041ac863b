import type { OperatorSession, TokenSource } from '../graph/operator-token.ts'
import { closeKeyFile } from '../key-file.ts'
import { confirm } from '../prompt.ts'
import type { Terminal } from '../terminal.ts'
import type { Facts } from './check.ts'
import type { Finding } from './finding.ts'

export type FixOptions = {
  /** Asks nothing. */
  readonly yes?: boolean | undefined
  readonly token?: TokenSource | undefined
  /** Who has signed in already. */
  readonly session?: OperatorSession
}

/**
 * Mends what can be mended from here, each after a yes: the key file here, the registration by
 * `setup`, which shows what it is about to do. Tells whether anything was done.
 */
export async function fixFindings(
  findings: readonly Finding[],
  { settings, url, isPublic }: Facts,
  options: FixOptions,
  terminal: Terminal,
): Promise<boolean> {
  const open = findings.filter(({ canFix }) => canFix)
  const isKeyFile = (finding: Finding) => finding.id === 'data.key-file.open'
  const hasKeyFile = open.some(isKeyFile)
  if (hasKeyFile && (options.yes || (await confirm(`Close the key file?`, terminal)))) {
    closeKeyFile(settings.data)
  }
  if (open.every(isKeyFile)) return hasKeyFile
  const { setup } = await import('../commands/setup.ts')
  const { yes = false, token, session } = options
  // What it says is for the person; our own stdout is for the findings.
  const quiet = { ...terminal, out: terminal.note, format: terminal.formatNote }
  // Of a deployment that is looked at, the address is not that of this machine's server.
  const addresses = isPublic ? { also: [url] } : { url }
  await setup({ ...addresses, yes, ...(token && { token }) }, quiet, session && { session })
  return true
}
