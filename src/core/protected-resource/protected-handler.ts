import type { Audit } from '../audit.ts'
import type { AuditOutcome } from '../audit-event.ts'
import { OAuthError } from '../errors.ts'
import { digest } from '../keys/mac.ts'
import type { AuthInfo } from './auth-info.ts'
import { refusalOf, toResponse } from './challenge.ts'

/** What is known of a request that the gate let through. */
export type ProtectedContext = {
  readonly authInfo: AuthInfo
  /** Writes to the audit log that a tool was called, or a resource read: by whom, with which client, from where. */
  readonly auditTool: (tool: string, outcome: AuditOutcome) => void
}

/** What is behind the gate: it gets only requests of signed-in people, and who they are. */
export type ProtectedHandler = (
  request: Request,
  context: ProtectedContext,
) => Response | Promise<Response>

/** Writes calls of tools, with what the token says of who calls; the address is found when there is one. */
export function createAuditTool(
  { user, clientId, grant, transaction }: AuthInfo,
  audit: Audit,
  findAddress: () => string | undefined,
): ProtectedContext['auditTool'] {
  return (tool, outcome) =>
    audit({
      event: 'tool.called',
      outcome,
      tool,
      person: user,
      client: () => ({ digest: digest(clientId) }),
      grant,
      transaction,
      address: findAddress,
    })
}

/** The handler's answer; the 403 challenge where it found, by `requireScope`, too little scope. */
export async function challenged(handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle()
  } catch (error) {
    const isOurs = error instanceof OAuthError && error.code === 'insufficient_scope'
    if (!isOurs) throw error
    return toResponse(refusalOf(error))
  }
}
