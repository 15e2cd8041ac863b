/** What the command's exit code says; the help lists the same. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notLooked: 3, interrupted: 130 } as const

export type CommandErrorOptions = {
  /** @default 1: the thing failed */
  exitCode?: number
  /** What the person can do, on lines of its own. */
  cure?: string | undefined
  cause?: unknown
}

/** A command could not do what it was asked to; says so in a sentence, without a stack. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  readonly exitCode: number
  readonly cure: string | undefined

  constructor(message: string, options: CommandErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.exitCode = options.exitCode ?? EXIT.failed
    this.cure = options.cure
  }
}

/** The command was called in a way that cannot be meant. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'

  constructor(message: string, cure?: string) {
    super(message, { exitCode: EXIT.usage, cure })
  }
}

/** The person pressed Ctrl-C, or the process was told to end. */
export class Interrupted extends CommandError {
  override readonly name = 'Interrupted'

  constructor() {
    super('Interrupted.', { exitCode: EXIT.interrupted })
  }
}
