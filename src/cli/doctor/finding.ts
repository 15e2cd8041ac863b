/** How a check ended. `skipped`: it could not be made, and its finding says what it would need. */
export type Status = 'ok' | 'warning' | 'error' | 'skipped'

/** What one check found. The members are those of the JSON that `--json` writes. */
export type Finding = {
  /** The check's id, with the fault's word behind it where there is one: `entra.keys.none`. */
  readonly id: string
  readonly status: Status
  /** One sentence: what is there, or what is wrong. */
  readonly what: string
  readonly expected?: string
  readonly found?: string
  /** What comes of it for people who sign in. */
  readonly why?: string
  /** Where to mend it in the portal, a step each. */
  readonly portal?: readonly string[]
  /** What mends it, to be pasted into a shell. */
  readonly command?: string
  /** Page of the documentation, below `docs/`. */
  readonly docs?: string
  /** Whether `--fix` mends it. */
  readonly canFix?: true
}

/** Everything of a finding but what it is called. */
export type Details = Omit<Finding, 'id' | 'status' | 'what'>

/** A check that found nothing wrong. */
export function ok(check: string, what: string): Finding {
  return { id: check, status: 'ok', what }
}

/** A check that could not be made. */
export function skipped(check: string, what: string): Finding {
  return { id: check, status: 'skipped', what }
}

/** Something that keeps people from signing in. */
export function error(check: string, fault: string, what: string, details: Details): Finding {
  return { id: `${check}.${fault}`, status: 'error', what, ...details }
}

/** Something that will, or may. */
export function warning(check: string, fault: string, what: string, details: Details): Finding {
  return { id: `${check}.${fault}`, status: 'warning', what, ...details }
}

/** The worst of all: a skipped check is no reason to worry. */
export function worstOf(findings: readonly Finding[]): 'ok' | 'warning' | 'error' {
  const has = (status: Status) => findings.some((finding) => finding.status === status)
  if (has('error')) return 'error'
  return has('warning') ? 'warning' : 'ok'
}
