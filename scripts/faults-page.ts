// Writes docs/faults.md from the faults that the tests of doctor plant.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toTable } from '../test/cli/doctor/matrix.ts'

const INTRODUCTION = `# What can be wrong

Each fault is planted by [the tests of doctor](../test/cli/doctor/): \`entrance doctor\` names it with
one finding ([all of them](doctor.md#checks)), a sign-in with \`entrance client login\` ends where and with
what is written here, and once that is done which the finding says, both succeed. Made by
\`npm run docs\`; "…" is what is another each time.
`

/** The page, whole. */
export function faultsPage(): string {
  return `${[INTRODUCTION.trimEnd(), ...toTable()].join('\n')}\n`
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '..', 'docs', 'faults.md'), faultsPage())
}
