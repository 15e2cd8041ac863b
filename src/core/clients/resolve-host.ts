import { Resolver } from 'node:dns/promises'

/** How long one question to one server may take, in milliseconds, and how often it is put. */
const TIMEOUT = 1500
const TRIES = 2

/** What says that there is no such address, rather than that nobody could say. */
const ABSENT: ReadonlySet<string | undefined> = new Set(['ENOTFOUND', 'ENODATA'])

/**
 * Every address that DNS has for a host; none where there is none. By DNS alone, not by the
 * machine's own names; and not by `dns.lookup`, which has four threads for the whole process:
 * names that strangers' servers answer slowly would hold up everything else that has to wait.
 */
export async function resolveHost(host: string, servers?: readonly string[]): Promise<string[]> {
  const resolver = new Resolver({ timeout: TIMEOUT, tries: TRIES })
  if (servers) resolver.setServers(servers)
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (addresses.length > 0) return addresses
  const failure = answers.find((answer) => answer.status === 'rejected' && !isAbsence(answer))
  if (failure?.status === 'rejected') throw failure.reason
  return []
}

function isAbsence({ reason }: PromiseRejectedResult): boolean {
  return ABSENT.has((reason as NodeJS.ErrnoException).code)
}
