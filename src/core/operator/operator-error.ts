/** What the operator asked for cannot be done as it was asked. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  readonly code: 'unknown' | 'ambiguous' | 'invalid'
  /** What to write instead. */
  readonly cure: string

  constructor(code: OperatorError['code'], message: string, cure: string) {
    super(message)
    this.code = code
    this.cure = cure
  }
}
