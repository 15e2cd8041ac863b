import type { SignInEntry } from '../sign-in-log.ts'
import { requireRole } from './authorization.ts'
import { firstKey, type GraphCall, type Reply } from './graph-call.ts'
import { notFound } from './graph-error.ts'
import { entity, list } from './query.ts'
import type { JsonObject } from './schema.ts'

const READERS = [
  'Reports Reader',
  'Security Reader',
  'Security Administrator',
  'Security Operator',
  'Global Reader',
  'Global Administrator',
]

/** GET /auditLogs/signIns: newest first. */
export function listSignIns(call: GraphCall): Reply {
  requireRole(call, READERS)
  return list(call, {
    context: 'auditLogs/signIns',
    type: 'signIn',
    items: ownEntries(call).map(show),
    filterable: ['id', 'appDisplayName', 'appId', 'correlationId', 'userId', 'userPrincipalName'],
  })
}

/** GET /auditLogs/signIns/{id} */
export function getSignIn(call: GraphCall): Reply {
  requireRole(call, READERS)
  const { value } = firstKey(call)
  const entry = ownEntries(call).find(({ id }) => id === value)
  if (!entry) throw notFound(value)
  return entity(call, 'auditLogs/signIns', 'signIn', show(entry))
}

function ownEntries({ sts, caller }: GraphCall): readonly SignInEntry[] {
  return sts.signIns.entries().filter(({ tenantId }) => tenantId === caller.tenant.id)
}

function show({ id, time, correlationId, client, user, ...entry }: SignInEntry): JsonObject {
  return {
    id,
    createdDateTime: new Date(time).toISOString(),
    userDisplayName: user?.displayName ?? null,
    userPrincipalName: user?.userPrincipalName ?? null,
    userId: user?.id ?? null,
    appId: client?.appId ?? null,
    appDisplayName: client?.displayName ?? null,
    ipAddress: '127.0.0.1',
    clientAppUsed: 'Browser',
    correlationId,
    conditionalAccessStatus: 'notApplied',
    isInteractive: true,
    status: {
      errorCode: entry.errorCode,
      failureReason: entry.failureReason,
      additionalDetails: null,
    },
  }
}
