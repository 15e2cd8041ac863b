import type { GraphCall } from '../graph/graph-client.ts'
import { toAz } from './az.ts'
import type { Application, DesiredRegistration, Difference, Registration } from './types.ts'

/** What a part is compared with. */
export type Comparison = {
  /** As it will be when the differences found before are mended. */
  readonly application: Application
  /** Undefined: there is no registration yet. */
  readonly registration: Registration | undefined
  readonly desired: DesiredRegistration
  /** Address of Microsoft Graph. */
  readonly origin: string
  readonly newId: () => string
}

type Found = Omit<Difference, 'az' | 'isOverride'> & { readonly isOverride?: boolean }

/** A difference, with its commands. */
export function difference({ origin }: Comparison, found: Found): Difference {
  return { isOverride: false, ...found, az: toAz(found.calls, origin) }
}

/** A change of the application itself. Its lists are replaced, so they are given whole. */
export function patchApplication(
  { application }: Comparison,
  body: NonNullable<GraphCall['body']>,
  why: string,
): GraphCall {
  return { method: 'PATCH', path: `/applications/${application.id}`, body, why }
}

/** The application as a call will leave it. */
export function afterCall(before: Application, { method, path, body }: GraphCall): Application {
  if (method !== 'PATCH' || path !== `/applications/${before.id}` || !body) return before
  const { web, spa, publicClient, api, ...rest } = body as Partial<Application>
  return {
    ...before,
    ...rest,
    web: { ...before.web, ...web },
    spa: { ...before.spa, ...spa },
    publicClient: { ...before.publicClient, ...publicClient },
    api: { ...before.api, ...api },
  }
}

/** Several values in a sentence. */
export function listed(values: readonly string[]): string {
  return values.length === 0 ? 'none' : values.join(', ')
}
