/** How the emulator behaves where Entra is known to have changed, or nobody knows for certain. */
export type Behaviour = {
  /**
   * The parameter `resource`: compared with the scopes, as since March 2026 (AADSTS9010010);
   * refused (AADSTS901002); or not looked at, as before. @default 'enforce'
   */
  readonly resourceParameter: 'enforce' | 'reject' | 'ignore'
  /** Whether `resource` has to be the very identifier that the scopes begin with. @default false */
  readonly resourceMustEqualScopePrefix: boolean
  /** Whether the port of `http://127.0.0.1` is ignored like that of `localhost`. @default true */
  readonly loopbackPortIgnoredFor127: boolean
  /** What stands before `Trace ID:` in an error. @default 'space' */
  readonly errorSeparator: 'space' | 'crlf'
  /** The status of Entra's own error page. @default 400 */
  readonly errorPageStatus: 400 | 200
  /**
   * A client that asks for its own API by an identifier that is not its client id: allowed, or
   * refused (AADSTS90009). @default 'allow'
   */
  readonly nonGuidSelfResource: 'allow' | 'refuse'
  /** No scope at a code's redemption: refused (AADSTS28003), or the sign-in's. @default 'refuse' */
  readonly missingScopeAtToken: 'refuse' | 'fallBack'
  /** Several APIs at a refresh: a token for the first, or AADSTS28000. @default 'first' */
  readonly multiResourceRefresh: 'first' | 'refuse'
  /** Whether the discovery document names `code_challenge_methods_supported`. @default false */
  readonly advertisePkce: boolean
}

const VALUES: { readonly [Name in keyof Behaviour]: readonly Behaviour[Name][] } = {
  resourceParameter: ['enforce', 'reject', 'ignore'],
  resourceMustEqualScopePrefix: [false, true],
  loopbackPortIgnoredFor127: [true, false],
  errorSeparator: ['space', 'crlf'],
  errorPageStatus: [400, 200],
  nonGuidSelfResource: ['allow', 'refuse'],
  missingScopeAtToken: ['refuse', 'fallBack'],
  multiResourceRefresh: ['first', 'refuse'],
  advertisePkce: [false, true],
}

/** What is most likely, as of November 2026: the first value of each. */
export const DEFAULT_BEHAVIOUR = Object.fromEntries(
  Object.entries(VALUES).map(([name, [first]]) => [name, first]),
) as Behaviour

/** The behaviour with what was left out filled in; throws a `TypeError` for what there is not. */
export function resolveBehaviour(given: Partial<Behaviour> = {}): Behaviour {
  const known = new Map<string, readonly unknown[]>(Object.entries(VALUES))
  for (const [name, value] of Object.entries(given)) {
    const values = known.get(name)
    if (!values) {
      throw new TypeError(
        `There is no behaviour ${name}. There are ${[...known.keys()].join(', ')}.`,
      )
    }
    if (value !== undefined && !values.includes(value)) {
      const expected = values.map((one) => JSON.stringify(one)).join(', ')
      throw new TypeError(
        `behaviour.${name} is ${JSON.stringify(value)}. Expected one of: ${expected}.`,
      )
    }
  }
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...DEFAULT_BEHAVIOUR, ...Object.fromEntries(set) }
}
