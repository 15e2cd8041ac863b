import { UsageError } from '../exit-codes.ts'

export type TargetOptions = { user?: string; client?: string; all?: boolean }

/** Whose something is: exactly one of the ways to say so. */
export type Target =
  | { readonly user: string }
  | { readonly client: string }
  | { readonly all: true }

/** What the options mean; by none of them it must not be everybody. */
export function targetOf({ user, client, all }: TargetOptions, also = ''): Target {
  const given = [
    ...(user === undefined ? [] : [{ user }]),
    ...(client === undefined ? [] : [{ client }]),
    ...(all ? [{ all: true } as const] : []),
  ]
  const [target, ...more] = given
  if (target && more.length === 0) return target
  throw new UsageError(`Whose? Give exactly one of ${also}--user, --client and --all.`)
}

/** The question before many are hit; undefined where it is one person. */
export function questionOf(target: Target, what: string): string | undefined {
  if ('user' in target) return undefined
  return 'all' in target ? `${what} of everybody?` : `${what} of everybody with ${target.client}?`
}
