import { optional } from '../../params.ts'

/** What `resource` means: all that the registration lists of that API. */
export function toScope(params: URLSearchParams, oidc: string): string {
  const resource = optional(params, 'resource')
  return resource === undefined ? oidc : `${oidc} ${resource}/.default`.trim()
}
