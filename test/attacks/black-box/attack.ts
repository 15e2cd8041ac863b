import type { Target } from './target.ts'

/** How an attack ended; the order is that of the legend. */
export type Outcome = 'withstood' | 'partly' | 'fell' | 'not applicable' | 'could not be run'

export type Verdict = {
  readonly outcome: Outcome
  /** One line: what was sent, what came; or why there is nothing to say. */
  readonly evidence: string
}

export type Severity = 'critical' | 'high' | 'medium' | 'low'

/** Something that a stranger, or a client with a habit, does to a server over HTTP. */
export type Attack = {
  /** What holds where it is withstood, as a fact. */
  readonly name: string
  /** Where the weakness is described, e.g. `fastmcp W1`. */
  readonly rows: readonly string[]
  readonly severity: Severity
  /** It leaves a server behind that nobody else should meet. */
  readonly needsOwnServer?: true
  run(target: Target): Promise<Verdict>
}

export const withstood = (evidence: string): Verdict => ({ outcome: 'withstood', evidence })
export const partly = (evidence: string): Verdict => ({ outcome: 'partly', evidence })
export const fell = (evidence: string): Verdict => ({ outcome: 'fell', evidence })
export const notApplicable = (evidence: string): Verdict => ({
  outcome: 'not applicable',
  evidence,
})

/** Withstood or not, with the same evidence. */
export const holds = (isHeld: boolean, evidence: string): Verdict =>
  isHeld ? withstood(evidence) : fell(evidence)

/** Of several things that were tried: none may get through, some of them is partly. */
export function noneOf(what: string, tried: number, through: readonly string[]): Verdict {
  if (through.length === 0) return withstood(`${tried} ${what} refused`)
  const evidence = `${through.length} of ${tried} ${what} got through: ${through.join('; ')}`
  return through.length < tried ? partly(evidence) : fell(evidence)
}

/** The longest that one attack takes, in seconds; a storm takes its time with a slow server. */
const TIME_LIMIT = 90
const STORM_LIMIT = 300

/** Carries an attack out. What it cannot do is a verdict too. */
export async function carryOut(attack: Attack, target: Target): Promise<Verdict> {
  const { promise, reject } = Promise.withResolvers<never>()
  const seconds = attack.needsOwnServer ? STORM_LIMIT : TIME_LIMIT
  const limit = () => reject(new Error(`not finished after ${seconds} seconds`))
  const timer = setTimeout(limit, seconds * 1000)
  try {
    const verdict = await Promise.race([attack.run(target), promise])
    return { ...verdict, evidence: oneLine(verdict.evidence) }
  } catch (error) {
    return { outcome: 'could not be run', evidence: oneLine(String(error)) }
  } finally {
    clearTimeout(timer)
  }
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= 300 ? line : `${line.slice(0, 299)}…`
}
