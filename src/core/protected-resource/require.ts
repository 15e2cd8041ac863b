import { OAuthError } from '../errors.ts'
import type { User } from './auth-info.ts'
import { insufficientScope } from './challenge.ts'

/** What the checks need of `authInfo`: ours, and the MCP SDK's where the gate made it. */
export type Authorized = {
  readonly scopes: readonly string[]
  readonly resourceMetadataUrl?: string
  readonly extra?: { readonly user?: unknown }
}

/** What the MCP SDK's `scopeChallenge` of a tool, a prompt or a resource gives. */
export type ScopeChallenge = { scopes: [string, ...string[]]; errorDescription: string }

type Names = readonly [string, ...string[]]

/**
 * Refuses a request whose access token lacks one of these scopes: throws the `insufficient_scope`
 * that `entrance.protect` answers with 403 and the challenge to ask for all of them (RFC 6750 §3.1).
 * A client that can then asks the person, and tries again.
 */
export function requireScope(authInfo: Authorized | undefined, ...names: Names): void {
  checkNames(names)
  const { scopes, resourceMetadataUrl } = checkAuthorized(authInfo)
  if (names.every((name) => scopes.includes(name))) return
  if (resourceMetadataUrl === undefined) throw behindTheGate()
  throw insufficientScope(scopes, [...scopes, ...names], resourceMetadataUrl)
}

/**
 * The same for the MCP SDK, which asks before it starts a tool and answers 403 itself:
 * `registerTool(name, { scopeChallenge: scopeChallenge('expenses.approve') }, …)`.
 */
export function scopeChallenge(
  ...names: Names
): (context: { readonly authInfo?: Authorized }) => ScopeChallenge | undefined {
  checkNames(names)
  return ({ authInfo }) => {
    try {
      requireScope(authInfo, ...names)
      return undefined
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      const { scopes } = checkAuthorized(authInfo)
      const asked = [...new Set([...scopes, ...names])] as [string, ...string[]]
      return { scopes: asked, errorDescription: error.message }
    }
  }
}

/**
 * Refuses a person who has none of these app roles. No sign-in would bring one, so this is not
 * for a client to answer: thrown in a tool, the MCP SDK makes it the tool's error, for the person.
 */
export function requireRole(authInfo: Authorized | undefined, ...names: Names): void {
  const { roles } = userOf(checkAuthorized(authInfo))
  if (names.some((name) => roles.includes(name))) return
  throw new OAuthError(
    'access_denied',
    `This takes the app role ${names.join(' or ')}, which you do not have. Ask the administrators of this application in Microsoft Entra ID to assign it to you (Enterprise applications, Users and groups); it counts from the next sign-in, or when the application has renewed its access.`,
  )
}

/** RFC 6749 §3.3. Two names in one text would be asked for, and granted, without end. */
function checkNames(names: readonly string[]): void {
  const wrong = names.find((name) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name))
  if (wrong !== undefined) throw new TypeError(`'${wrong}' is not the name of one scope.`)
}

/** Fails closed: without the gate there is nobody whose scopes or roles could be looked at. */
function checkAuthorized(authInfo: Authorized | undefined): Authorized {
  if (Array.isArray(authInfo?.scopes)) return authInfo
  throw behindTheGate()
}

function userOf({ extra }: Authorized): User {
  const user = extra?.user as User | undefined
  if (Array.isArray(user?.roles)) return user
  throw behindTheGate()
}

function behindTheGate(): TypeError {
  return new TypeError(
    'There is no authInfo of the gate: put the handler behind entrance.protect, and pass authInfo on.',
  )
}
