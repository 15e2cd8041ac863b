import { REDIRECT_URI_PRESETS } from './clients/presets.ts'
import { findRedirectUriFault, type RedirectPolicy } from './clients/redirect-uri.ts'
import type { ConfigProblem } from './errors.ts'
import type { RegistrationMode, RegistrationOptions } from './options.ts'
import { LOOPBACK_HOSTS } from './site.ts'

const MODES: readonly RegistrationMode[] = ['open', 'allowlist', 'off']

/** What is wrong with the registration options. */
export function checkRegistration(
  { mode, allow, adopt }: RegistrationOptions,
  url: string,
): ConfigProblem[] {
  return [
    ...checkMode(mode, allow),
    ...(allow ?? []).flatMap((entry) => checkEntry(entry, startPolicy(url))),
    ...checkAdopt(adopt, mode, url),
  ]
}

/** What can be said of a redirect URI before there is a list. */
export function startPolicy(url: string): RedirectPolicy {
  const base = URL.parse(url)
  const isLoopback = base !== null && LOOPBACK_HOSTS.has(base.hostname)
  const port = base?.port ? `:${base.port}` : ''
  const aliases = [...LOOPBACK_HOSTS].map((name) => `${base?.protocol}//${name}${port}`)
  const ownOrigins = new Set(isLoopback ? aliases : base ? [base.origin] : [])
  return { ownOrigins, privateUseRedirectUris: new Set() }
}

/** A list that is not in force, or that is and lets nobody through, is not what was meant. */
function checkMode(
  mode: RegistrationMode | undefined,
  allow: readonly string[] | undefined,
): ConfigProblem[] {
  if (mode !== undefined && !MODES.includes(mode)) {
    const problem = `'${String(mode).slice(0, 40)}' is not a mode.`
    return [{ option: 'registration.mode', problem, cure: `Use one of ${MODES.join(', ')}.` }]
  }
  if (allow !== undefined && (mode === 'open' || mode === 'off')) {
    const problem = `has entries that mean nothing while the mode is ${mode}.`
    const cure = "Set the mode to 'allowlist', or leave the list out."
    return [{ option: 'registration.allow', problem, cure }]
  }
  const isList = mode === 'allowlist' || allow !== undefined
  if (!isList || (allow ?? []).length > 0) return []
  const problem = 'is empty, and so no client could register.'
  const cure = `Name presets (${presetNames()}) or redirect URIs; or set the mode to 'off'.`
  return [{ option: 'registration.allow', problem, cure }]
}

function checkEntry(entry: unknown, policy: RedirectPolicy): ConfigProblem[] {
  const option = 'registration.allow'
  if (typeof entry !== 'string') {
    return [
      { option, problem: 'has an entry that is not a string.', cure: 'Write it as a string.' },
    ]
  }
  if (REDIRECT_URI_PRESETS.has(entry)) return []
  const shown = `'${entry.slice(0, 200)}'`
  if (!entry.includes(':')) {
    const problem = `${shown} is neither a preset nor a URI.`
    return [{ option, problem, cure: `Presets are: ${presetNames()}.` }]
  }
  const wildcard = findWildcardProblem(entry)
  if (wildcard) return [{ option, problem: `${shown} ${wildcard.problem}`, cure: wildcard.cure }]
  const fault = findRedirectUriFault(entry.replace(/\/\*$/, '/x'), policy)
  if (!fault) return []
  return [{ option, problem: `${shown} ${fault}.`, cure: 'No client may use it: leave it out.' }]
}

/** One place for one unknown segment is as much as can be overlooked. */
function findWildcardProblem(entry: string): { problem: string; cure: string } | undefined {
  if (!entry.includes('*')) return undefined
  const [, authority = ''] = /^[^/?#]*\/\/([^/?#]*)/.exec(entry) ?? []
  if (authority.includes('*')) {
    return {
      problem: 'has a wildcard in its host: whoever gets a name there would get the codes.',
      cure: 'Name each host in an entry of its own.',
    }
  }
  if (/^https:\/\/[^/?#*]+\/([^*?#]*\/)?\*$/.test(entry)) return undefined
  return {
    problem: 'has a * that is not the whole last segment of the path of an https URI.',
    cure: "Write https://host/path/*; for any address on loopback use the preset 'loopback'.",
  }
}

function checkAdopt(
  adopt: boolean | undefined,
  mode: RegistrationMode | undefined,
  url: string,
): ConfigProblem[] {
  const option = 'registration.adopt'
  if (adopt === undefined || adopt === false) return []
  if (adopt !== true) {
    return [{ option, problem: 'is neither true nor false.', cure: 'Leave it out for false.' }]
  }
  if (mode === 'off') {
    const problem = 'lets unknown clients in, and the registration mode off keeps them out.'
    return [{ option, problem, cure: 'Choose the one or the other.' }]
  }
  if (LOOPBACK_HOSTS.has(URL.parse(url)?.hostname ?? '')) return []
  const problem = `is for a server on loopback only, and this one is ${URL.parse(url)?.host}.`
  return [{ option, problem, cure: 'Leave it out: clients register again by themselves.' }]
}

function presetNames(): string {
  return [...REDIRECT_URI_PRESETS.keys()].join(', ')
}
