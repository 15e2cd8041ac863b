import { CURES, type Cure, type CureId } from './cures.ts'
import { AADSTS, type AadstsEntry } from './table.ts'

/** What an error of Entra's means for whoever has to answer it. */
export type Meaning = Pick<AadstsEntry, 'isPersons' | 'isTransient'> & {
  /** The likeliest cure, in one line. */
  readonly cure: string
}

/** Where Entra gave no number, or one that is not known: by its OAuth error word. */
export const CURES_BY_ERROR: ReadonlyMap<string, CureId> = new Map([
  ['invalid_client', 'secret'],
  ['unauthorized_client', 'client-id'],
  ['invalid_grant', 'again'],
  ['interaction_required', 'again'],
  ['consent_required', 'consent'],
  ['login_required', 'again'],
  ['invalid_scope', 'scope'],
  ['invalid_resource', 'id-uri'],
  ['invalid_target', 'resource'],
  ['access_denied', 'again'],
  ['temporarily_unavailable', 'retry'],
  ['server_error', 'retry'],
])

/** Says what Entra's error means. The word decides where the number is unknown. */
export function findAadsts(code: number | undefined, error: string | undefined): Meaning {
  const entry = code === undefined ? undefined : AADSTS.get(code)
  if (entry) return { ...entry, cure: cureOf(entry.cures[0]).summary }
  const id = CURES_BY_ERROR.get(error ?? '')
  return {
    cure: id ? cureOf(id).summary : UNKNOWN,
    isPersons: error === 'access_denied',
    isTransient: id === 'retry',
  }
}

const UNKNOWN = "Look the number up in Entra's sign-in logs, by its correlation id."

/** The cure with this id. */
export function cureOf(id: CureId): Cure {
  return CURES.get(id) as Cure
}
