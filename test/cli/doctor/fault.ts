import type { Finding } from '../../../src/cli/doctor/finding.ts'
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
  /** How a real sign-in ends under this fault: where people or clients are told, and what. */
  readonly signIn?: SignInEnding
}

export type SignInEnding = {
  /**
   * `start`: the server does not start. `entra`: a page of Entra's, where people stay. `page`: a page
   * of the server's. `client`: an OAuth error at the client. `none`: the sign-in succeeds all the same.
   */
  readonly where: 'start' | 'entra' | 'page' | 'client' | 'none'
  readonly says: RegExp
}
