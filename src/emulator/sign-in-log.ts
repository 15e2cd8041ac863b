import type { AadstsError } from './aadsts-error.ts'
import type { Admission } from './admission.ts'
import type { Call } from './call.ts'
import type { Application, DirectoryUser } from './directory.ts'
import { findUser, findUserByName } from './lookup.ts'

/** What became of a sign-in, as administrators read it in Entra's sign-in log. */
export type SignInEntry = {
  readonly id: string
  readonly tenantId: string | undefined
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly correlationId: string
  readonly client: Pick<Application, 'appId' | 'displayName'> | undefined
  readonly user: Pick<DirectoryUser, 'id' | 'displayName' | 'userPrincipalName'> | undefined
  /** 0 for success. */
  readonly errorCode: number
  readonly failureReason: string
}

/** The latest sign-ins, newest first; a restart forgets them. */
export type SignInLog = {
  note(entry: SignInEntry): void
  entries(): readonly SignInEntry[]
  clear(): void
}

const MAX_ENTRIES = 1000

/** Starts without any. */
export function createSignInLog(): SignInLog {
  const entries: SignInEntry[] = []
  return {
    note: (entry) => {
      entries.unshift(entry)
      entries.splice(MAX_ENTRIES)
    },
    entries: () => entries,
    clear: () => {
      entries.length = 0
    },
  }
}

/** Notes that somebody has signed in to an application. */
export function noteSignIn(call: Call, { client, user, tenant }: Admission): void {
  note(call, { client, user, tenantId: tenant.id, errorCode: 0, failureReason: 'Other.' })
}

/** Notes that a sign-in came to nothing, with as much as is known of it. */
export function noteFailure(call: Call, { code, message }: AadstsError): void {
  const { directory } = call.sts
  const clientId = (call.query.get('client_id') ?? call.form.get('client_id'))?.toLowerCase()
  const client = directory.applications.find(({ appId }) => appId === clientId)
  const user = personOf(call)
  const segment = call.segment.toLowerCase()
  const tenant = directory.tenants.find(
    ({ id, domains }) => id === segment || domains.includes(segment),
  )
  note(call, {
    client,
    user,
    tenantId: tenant?.id ?? user?.tenantId ?? client?.tenantId,
    errorCode: code,
    failureReason: message.replace(/^AADSTS\d+: /, ''),
  })
}

function note(call: Call, entry: Omit<SignInEntry, 'id' | 'time' | 'correlationId'>): void {
  const { correlationId, sts } = call
  sts.signIns.note({ id: crypto.randomUUID(), time: sts.now(), correlationId, ...entry })
}

/** The account that was chosen or named, or the one that this browser is signed in with. */
function personOf({ form, browser, sts }: Call): DirectoryUser | undefined {
  const { directory } = sts
  const chosen = form.get('account')
  const named = form.get('username')
  if (chosen) return findUser(directory, chosen)
  if (named) return findUserByName(directory, named)
  const [session, ...others] = browser.sessions
  return session && others.length === 0 ? findUser(directory, session.userId) : undefined
}
