/** What one sign-in gives. */
export type SignedIn = {
  readonly client_id: string
  readonly access_token: string
  readonly refresh_token?: string
}

/** One of those that are compared: it runs already, and ends when it is disposed of. */
export type Subject = AsyncDisposable & {
  readonly name: string
  /** Of the process that answers; what it started counts with it. */
  readonly pid: number
  /** The origin, without a slash at its end. */
  readonly url: string
  /** One call of `get_expenses`, of a person with ten expenses, as this subject takes it. */
  readonly call: {
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  /** A whole sign-in, from registration to tokens, but for a browser's rendering; absent where nobody is asked. */
  signIn?(account?: string): Promise<SignedIn>
  /** What is honest to say beside its figures: where it keeps what, what was replaced in it. */
  readonly conditions: readonly string[]
}
