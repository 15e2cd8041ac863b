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

/** What is most likely, as of November 2026. */
export const DEFAULT_BEHAVIOUR: Behaviour = {
  resourceParameter: 'enforce',
  resourceMustEqualScopePrefix: false,
  loopbackPortIgnoredFor127: true,
  errorSeparator: 'space',
  errorPageStatus: 400,
  nonGuidSelfResource: 'allow',
  missingScopeAtToken: 'refuse',
  multiResourceRefresh: 'first',
  advertisePkce: false,
}
