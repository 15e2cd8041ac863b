/** One thing that is wrong with a configuration. */
export type ConfigurationProblem = {
  /** Where, such as `users[1].tenantId`; empty for the file as a whole. */
  readonly path: string
  readonly problem: string
  /** What to do. */
  readonly cure: string
}

/** A configuration cannot be used; `problems` has everything that is wrong with it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly problems: readonly ConfigurationProblem[]

  constructor(problems: readonly ConfigurationProblem[]) {
    super(problems.map(({ path, problem, cure }) => `${path} ${problem} ${cure}`.trim()).join('\n'))
    this.problems = problems
  }
}
