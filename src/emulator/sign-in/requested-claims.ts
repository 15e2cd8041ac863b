import { aadsts } from '../aadsts-error.ts'

/** What of the parameter `claims` (OpenID Connect Core 5.5) means something here. */
export type RequestedClaims = {
  /** What the client can handle, such as `cp1`. */
  readonly clientCapabilities?: readonly string[]
  /** The authentication contexts that a step-up asks for, such as `c1`. */
  readonly authenticationContexts?: readonly string[]
}

/** Reads the parameter `claims`; undefined where it is absent. */
export function parseRequestedClaims(text: string | undefined): RequestedClaims | undefined {
  if (text === undefined) return undefined
  const claims = parseObject(text)
  if (!claims) throw aadsts(90023, { name: 'claims', value: text })
  const accessToken = toObject(claims.access_token)
  const clientCapabilities = valuesOf(accessToken.xms_cc)
  const authenticationContexts = valuesOf(accessToken.acrs)
  return {
    ...(clientCapabilities.length > 0 && { clientCapabilities }),
    ...(authenticationContexts.length > 0 && { authenticationContexts }),
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? toObject(value) : undefined
  } catch {
    return undefined
  }
}

function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** A claim is asked for with one `value`, or with several `values`. */
function valuesOf(claim: unknown): string[] {
  const { value, values } = toObject(claim)
  const all = [value, ...(Array.isArray(values) ? values : [])]
  return all.filter((one): one is string => typeof one === 'string')
}
