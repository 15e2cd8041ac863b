import { CURES, fillIn } from '../../aadsts/cures.ts'
import { findAadsts } from '../../aadsts/find.ts'
import { parseDescription } from '../../aadsts/parse.ts'
import { AADSTS } from '../../aadsts/table.ts'
import type { EntraFacts, Facts } from './check.ts'
import { type Details, error, type Finding, warning } from './finding.ts'

/** Entra's no, from a redirect, a page or a JSON body. */
export type Refusal = {
  readonly code: number | undefined
  /** The OAuth error word, where there is one. */
  readonly error: string | undefined
  /** Entra's own sentence, `AADSTSnnnn: …`. */
  readonly sentence: string
  readonly correlationId: string | undefined
}

/** The scope that this server asks of Entra, as Entra wants to have it. */
export function entraScope({ clientId }: EntraFacts): string {
  return `api://${clientId}/${SCOPE} openid profile email offline_access`
}

/** The scope that lets a client in. */
export const SCOPE = 'mcp-access'

/** Reads the parameters of an error that came by redirect, or the members of a JSON body. */
export function readRefusal(
  name: string | undefined,
  description: string | undefined,
): Refusal | undefined {
  const { code, sentence, correlationId } = parseDescription(description)
  if (name === undefined && code === undefined) return undefined
  const word = /^[a-z_]{1,64}$/.exec(name ?? '')?.[0]
  return { code, error: word, sentence: sentence || (word ?? 'no reason given'), correlationId }
}

/** Finds Entra's number in one of its pages, wherever that has it. */
export function readPage(html: string): Refusal | undefined {
  const text = html
    .replace(/<[^<>]{0,2000}>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
  const start = text.search(/AADSTS\d{4,9}:/)
  const from = start >= 0 ? start : text.search(/AADSTS\d{4,9}/)
  if (from < 0) return undefined
  // The ids stand elsewhere on the page, in words of the page's own.
  const sentence = text.slice(from).split(/\s{3,}|\n\s*\n/)[0]
  const refusal = readRefusal(undefined, sentence)
  const correlationId = /Correlation Id:?\s+([0-9a-f-]{36})/i.exec(text)?.[1]
  return refusal && { ...refusal, correlationId: refusal.correlationId ?? correlationId }
}

/** What fills the blanks of a cure. */
export function blanksOf(facts: Pick<Facts, 'entra' | 'url' | 'tenantGuid'>) {
  const { clientId, tenantId } = facts.entra
  const known = { $APP: clientId, $T: facts.tenantGuid ?? tenantId, $URL: facts.url, $SCOPE: SCOPE }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value)) as Partial<
    typeof known
  >
}

/** The finding for a number of Entra's, called after what it is about. */
export function refusalFinding(
  check: string,
  words: ReadonlyMap<number, string>,
  refusal: Refusal,
  facts: Facts,
  details: Details = {},
): Finding {
  const { code, sentence } = refusal
  const entry = code === undefined ? undefined : AADSTS.get(code)
  const word = words.get(code ?? 0) ?? (entry?.isTransient ? 'busy' : 'refused')
  const number = code === undefined ? '' : ` (AADSTS${code})`
  const what = `${entry?.title ?? 'Entra refuses the request'}${number}.`
  const say = word === 'busy' ? warning : error
  const canFix = FIXABLE.has(word) && !facts.entra.isEmulator && { canFix: true as const }
  return say(check, word, what, {
    found: sentence,
    ...cureOf(refusal, facts),
    ...canFix,
    ...details,
  })
}

/** What `setup` mends: the registration, and the secret. */
const FIXABLE: ReadonlySet<string> = new Set([
  ...['redirect-uri', 'no-redirect-uri', 'id-uri', 'scope'],
  ...['wrong', 'expired', 'missing'],
])

/** The likeliest cure, in the words of the portal and of `az`. */
function cureOf({ code, error: word }: Refusal, facts: Facts): Details {
  const { cures, cure } = { cures: AADSTS.get(code ?? 0)?.cures, cure: findAadsts(code, word).cure }
  const causes = AADSTS.get(code ?? 0)?.causes ?? []
  const why = causes.length > 0 ? { why: `${causes.join('; or: ')}.` } : {}
  const first = cures && CURES.get(cures[0])
  if (!first) return { ...why, portal: [cure], docs: 'aadsts.md' }
  const blanks = blanksOf(facts)
  return {
    ...why,
    portal: [first.summary, ...(first.portal ? [fillIn(first.portal, blanks)] : [])],
    ...(first.az && { command: fillIn(first.az, blanks) }),
    docs: 'aadsts.md',
  }
}
