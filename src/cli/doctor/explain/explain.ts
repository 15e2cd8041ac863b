import { CURES, type CureId, fillIn } from '../../../aadsts/cures.ts'
import { CURES_BY_ERROR, findAadsts } from '../../../aadsts/find.ts'
import { AADSTS, AADSTS_AS_OF } from '../../../aadsts/table.ts'
import { loginHost } from '../../../core/clouds.ts'
import type { DoctorIo, Facts } from '../check.ts'
import { blanksOf } from '../refusal.ts'
import { type Comparison, compareWithConfiguration } from './compare.ts'
import { type LogGroup, readLog } from './log.ts'
import { type Ids, type Paste, parsePaste } from './paste.ts'
import { findKnownText } from './texts.ts'
import { explainToken, type TokenRemark } from './token.ts'

/** What something means that a person pasted. The members are those of the JSON. */
export type Explanation = {
  /** `AADSTS50011`, an error word, the id of a known text, `token`, `log`. */
  readonly subject: string
  readonly title: string
  readonly causes: readonly string[]
  readonly cures: readonly ExplainedCure[]
  readonly comparisons?: readonly Comparison[]
  readonly token?: readonly TokenRemark[]
  readonly log?: readonly LogGroup[]
  /** Checks of `doctor` that look at it. */
  readonly checks?: readonly string[]
  readonly ids?: Ids
  readonly link?: string
}

export type ExplainedCure = {
  readonly summary: string
  readonly portal?: string
  readonly az?: string
  readonly graph?: string
}

/** Explains everything in a text that is known; nothing where nothing is. */
export async function explain(
  pasted: string,
  facts: Facts,
  io: DoctorIo,
): Promise<readonly Explanation[]> {
  const groups = readLog(pasted)
  if (groups) return explainLog(groups, facts)
  const paste = parsePaste(pasted)
  const explained: Explanation[] = paste.codes.map((code) => explainCode(code, paste, facts))
  for (const token of paste.tokens) {
    explained.push(toExplanation(await explainToken(token, facts, io)))
  }
  if (explained.length > 0) return explained
  const known = findKnownText(paste.text)
  if (known) {
    const { id, who, means, cures, checks } = known
    const list = cures.map((summary) => ({ summary }))
    return [{ subject: id, title: `${who}: ${means}`, causes: [], cures: list, checks }]
  }
  const word = paste.error ?? /^[a-z]+(_[a-z]+)+$/.exec(paste.text)?.[0]
  return word === undefined ? [] : explainWord(word, paste, facts)
}

function explainCode(code: number, { text, error, ids }: Paste, facts: Facts): Explanation {
  const entry = AADSTS.get(code)
  const fallback = CURES_BY_ERROR.get(error ?? '')
  const known: readonly CureId[] = entry?.cures ?? (fallback ? [fallback] : [])
  const cures = known.map((id) => toCure(id, facts))
  return {
    subject: `AADSTS${code}`,
    title: entry?.title ?? `This number is not in the table here, which is of ${AADSTS_AS_OF}`,
    causes: entry?.causes ?? [],
    cures: cures.length > 0 ? cures : [{ summary: findAadsts(code, error).cure }],
    comparisons: compareWithConfiguration(code, text, facts),
    ids,
    link: `${linkHost(facts)}/error?code=${code}`,
  }
}

/** What was pasted without a configuration is Microsoft's, and not the emulator's. */
function linkHost({ entra }: Facts): string {
  return entra.isEmulator ? loginHost('public') : entra.authority
}

function explainWord(word: string, { ids }: Paste, facts: Facts): Explanation[] {
  const id = CURES_BY_ERROR.get(word)
  if (!id) return []
  const title = 'An error without a number of Entra’s'
  return [{ subject: word, title, causes: [], cures: [toCure(id, facts)], ids }]
}

function toCure(id: CureId, facts: Facts): ExplainedCure {
  const { summary, portal, az, graph } = {
    portal: undefined,
    az: undefined,
    graph: undefined,
    ...CURES.get(id),
  }
  const blanks = facts.isUnconfigured ? {} : blanksOf(facts)
  return {
    summary: summary ?? id,
    ...(portal && { portal: fillIn(portal, blanks) }),
    ...(az && { az: fillIn(az, blanks) }),
    ...(graph && { graph: fillIn(graph, blanks) }),
  }
}

function toExplanation(token: readonly TokenRemark[]): Explanation {
  const faults = token.filter(({ isFault }) => isFault)
  const isVerified = token.some(({ says }) => says.startsWith('Verified'))
  const fine = isVerified
    ? 'A token in which nothing is wrong'
    : 'A token that says nothing wrong; whether it is genuine was not verified'
  const title = faults.length === 0 ? fine : 'A token with something wrong'
  return { subject: 'token', title, causes: faults.map(({ says }) => says), cures: [], token }
}

function explainLog(groups: readonly LogGroup[], facts: Facts): Explanation[] {
  const title = 'The refusals of the log’s last 24 hours'
  const log = { subject: 'log', title, causes: [], cures: [], log: groups }
  const codes = [...new Set(groups.flatMap(({ code }) => (code === undefined ? [] : [code])))]
  return [
    log,
    ...codes.map((code) => {
      const { message = '' } = groups.find((group) => group.code === code) ?? {}
      return explainCode(code, parsePaste(message), facts)
    }),
  ]
}
