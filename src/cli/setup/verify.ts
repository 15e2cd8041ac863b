import { setTimeout as delay } from 'node:timers/promises'
import { findAadsts } from '../../aadsts/find.ts'
import { Interrupted } from '../exit-codes.ts'
import type { Authority } from '../graph/authority.ts'
import type { Graph } from '../graph/graph-client.ts'
import { compareRegistration } from '../registration/compare-registration.ts'
import { needsAdminConsent } from '../registration/compare-tenant.ts'
import {
  type TriedCredential,
  tryAuthorization,
  tryCredential,
  type Verdict,
} from '../registration/probe.ts'
import { readRegistration } from '../registration/read-registration.ts'
import type { DesiredRegistration, Registration } from '../registration/types.ts'

export type VerifyOptions = {
  readonly graph: Graph
  readonly authority: Authority
  readonly clientId: string
  readonly desired: DesiredRegistration
  /** Differences that are known to remain. */
  readonly remaining: ReadonlySet<string>
  readonly tried: TriedCredential | undefined
  readonly signal: AbortSignal
  readonly note: (text: string) => void
  /** Waits so many milliseconds. */
  readonly wait?: (time: number) => Promise<void>
}

/** How long the sign-in service may take to learn of what was written, in milliseconds. */
const PATIENCE = 180_000
const STEP = 5000

/** A sentence for a person, and whether time will mend it. */
export type Problem = { readonly text: string; readonly passes: boolean }

/**
 * Makes sure that the directory and the sign-in service know everything; waits for what takes its
 * time to get there. Gives what is still missing.
 */
export async function verifyRegistration(options: VerifyOptions): Promise<readonly Problem[]> {
  const { signal } = options
  const wait = options.wait ?? ((time: number) => delay(time, undefined, { signal }))
  for (let waited = 0; ; waited += STEP) {
    const problems = await findProblems(options)
    const isOver = waited >= PATIENCE || !problems.some(({ passes }) => passes)
    if (isOver) return problems
    if (waited === 0)
      options.note('Waiting until the sign-in service knows it; up to three minutes.')
    await wait(STEP).catch((error: unknown) => {
      throw signal.aborted ? new Interrupted() : error
    })
  }
}

async function findProblems(options: VerifyOptions): Promise<Problem[]> {
  const { graph, clientId, desired, remaining } = options
  const withAssignments = desired.operators.length > 0
  const registration = await readRegistration(graph, { clientId, withAssignments })
  if (!registration) return [{ text: `The directory does not show ${clientId}.`, passes: true }]
  const missing = compareRegistration(registration, desired, { origin: graph.origin })
    .filter(({ id, isOverride }) => !isOverride && !remaining.has(id))
    .map(({ what }) => ({ text: `The directory still says: ${what}`, passes: true }))
  if (missing.length > 0) return missing
  // Personal accounts sign in elsewhere, where nothing can be asked in this way.
  if (desired.signInAudience === 'PersonalMicrosoftAccount') return []
  return [
    ...(await tryToAuthorize(options)),
    ...(await tryToken(options)),
    ...findConsent(registration, options),
  ]
}

/** Where people may not consent themselves, and nobody has for them, all the rest is for nothing. */
function findConsent(
  registration: Registration,
  { graph, desired, remaining }: VerifyOptions,
): Problem[] {
  const isKnown = registration.grants !== undefined && !remaining.has('admin-consent-missing')
  if (!isKnown || !needsAdminConsent(registration)) return []
  const all = { ...desired, hasAdminConsent: true }
  const isOpen = compareRegistration(registration, all, { origin: graph.origin }).some(
    ({ id }) => id === 'admin-consent-missing',
  )
  return isOpen ? [{ text: NO_CONSENT, passes: false }] : []
}

const NO_CONSENT =
  'People may not consent to this application themselves, and nobody has consented for everybody: nobody gets in yet. Run it again with --admin-consent; without the rights for it, it writes a request for an administrator.'

/** What passes, once it is known everywhere. */
const LAGGING: ReadonlySet<number> = new Set([
  700016, 7000215, 500011, 50011, 500113, 650053, 700027,
])

async function tryToAuthorize(options: VerifyOptions): Promise<Problem[]> {
  const { authority, clientId, desired, remaining, signal } = options
  const [redirectUri] = desired.redirectUris
  const [scope] = desired.scopes
  // What is known to be missing needs no asking.
  if (!redirectUri || !scope || remaining.size > 0) return []
  const name = `${desired.identifierUri ?? `api://${clientId}`}/${scope.value}`
  const verdict = await tryAuthorization(authority, clientId, redirectUri, name, signal)
  return verdict.kind === 'refused' ? [toProblem(verdict)] : []
}

/** Of the answers to a token request only these are about the credential. */
const ABOUT_CREDENTIAL: ReadonlySet<number> = new Set([
  ...[700016, 7000215, 7000222, 7000216, 7000218, 500011],
  ...[700027, 700024, 700025, 7000112],
])

async function tryToken(options: VerifyOptions): Promise<Problem[]> {
  const { authority, clientId, tried, signal, remaining } = options
  if (!tried) return []
  const verdict = await tryCredential(authority, clientId, tried, signal)
  if (verdict.kind === 'refused' && ABOUT_CREDENTIAL.has(verdict.code)) return [toProblem(verdict)]
  const isOld = verdict.kind === 'accepted' && verdict.version === '1.0'
  if (!isOld || remaining.has('token-version')) return []
  return [{ text: 'The sign-in service still issues version 1 tokens.', passes: true }]
}

function toProblem({ code }: Extract<Verdict, { kind: 'refused' }>): Problem {
  const { cure } = findAadsts(code, undefined)
  const text = `The sign-in service answers AADSTS${code}. ${cure}`
  return { text, passes: LAGGING.has(code) }
}
