import type { BarredKind, Barring } from '../barred.ts'
import type { Consent } from '../consents.ts'
import type { Context } from '../context.ts'
import type { HeldGrant } from '../grants/grant.ts'
import type { Step } from './walk.ts'

/** All grants, step by step. */
export function grantSteps({ grants }: Context): Step<HeldGrant> {
  return async (query) => {
    const { grants: entries, next } = await grants.page(query)
    return { entries, next }
  }
}

/** All who are kept out. */
export function barringSteps(kind: BarredKind, { barred }: Context): Step<Barring> {
  return async (query) => {
    const { barrings: entries, next } = await barred.page(kind, query)
    return { entries, next }
  }
}

/** All remembered answers. */
export function consentSteps({ consents }: Context): Step<Consent> {
  return async (query) => {
    const { consents: entries, next } = await consents.page(query)
    return { entries, next }
  }
}
