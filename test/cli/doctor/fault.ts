import type { Finding } from '../../../src/cli/doctor/finding.ts'
import type { Attempt } from './attempt.ts'
import type { World } from './world.ts'

/** One fault that can be planted, what `doctor` makes of it, and how it is cured. */
export type Fault = {
  /** The fault as a fact. */
  readonly name: string
  /** Makes one thing wrong in a world where everything is right. */
  readonly plant: (world: World) => void | Promise<void>
  /** The id of the one finding. */
  readonly finding: string
  /** @default 'error' */
  readonly status?: 'warning'
  /** What the finding says of this very fault, in all its texts together. */
  readonly says: RegExp
  /** Does what the finding tells to do, with the words that it has; not what undoes `plant`. */
  readonly cure: (world: World, finding: Finding) => void | Promise<void>
  /** `doctor --public URL` in place of `doctor`. */
  readonly isPublic?: true
  /** The address by which people come. @default the world's, or what ENTRANCE_URL names */
  readonly at?: (world: World) => string
  /** How a real sign-in ends under this fault. */
  readonly signIn: SignInEnding | HarmlessEnding
}

/** Where people or clients are told that something is wrong, and what. */
export type SignInEnding = Attempt & {
  /** Where the next one ends, though nothing is wrong any more: the person lacks something yet. @default 'none' */
  readonly cured?: 'page'

  /**
   * `start`: the server does not start, and says why. `entra`: a page of Entra's, where people stay.
   * `page`: a page of the server's, which leads back to the client. `client`: the client itself.
   * `front`: a page of whoever stands in front of the server. `browser`: nobody answers the browser.
   */
  readonly where: 'start' | 'entra' | 'page' | 'client' | 'front' | 'browser'
  /** What is said there: the cause, and what to do about it. */
  readonly says: RegExp
}

/** The sign-in succeeds all the same. */
export type HarmlessEnding = Attempt & {
  readonly cured?: undefined
  readonly where: 'none'
  /** Why it does. */
  readonly because: string
}
