import type { Access } from './control/access.ts'
import type { Session } from './sign-in/browser.ts'
import type { Sts } from './sts.ts'

/** One request, read. */
export type Call = {
  readonly sts: Sts
  readonly request: Request
  /** The first segment of the path: which tenant is meant. */
  readonly segment: string
  readonly query: URLSearchParams
  readonly form: URLSearchParams
  readonly correlationId: string
  readonly browser: Browser
  /** Who may change the directory by its own page. */
  readonly access: Access
  /** What a sign-in is for, where it is not `authorize`. */
  readonly purpose?: Purpose | undefined
}

/** Why somebody signs in: for a code, or as an administrator who lets an application in. */
export type Purpose = 'authorize' | 'adminconsent'

/** What the emulator's cookies say about the browser. */
export type Browser = {
  /** Random; undefined in a browser that has not been here. */
  readonly id: string | undefined
  readonly sessions: readonly Session[]
}
