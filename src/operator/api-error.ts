type ApiErrorOptions = {
  readonly cure?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** Why a request to the operator's API is refused. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: string
  readonly cure: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, options: ApiErrorOptions = {}) {
    super(message)
    this.status = status
    this.code = code
    this.cure = options.cure
    this.headers = options.headers ?? {}
  }
}
