import type { ConfigProblem } from '../../../core/errors.ts'
import type { Check, Facts, Outcome } from '../check.ts'
import { error, type Finding, ok, skipped } from '../finding.ts'

const FAULTS: ReadonlyMap<string, string> = new Map([
  ['none', 'Nothing of Entra is set.'],
  ['missing', 'A variable that has to be set is not.'],
  ['quoted', 'Quotation marks or spaces have become a part of the value.'],
  ['placeholder', 'The value of an example was never replaced.'],
  ['wrong', 'The value is none that this variable can have.'],
])

/** The variables about Entra; the public address; everything else that `serve` looks at. */
export const configChecks: readonly Check[] = [
  check('config.entra', 'Tenant, client id, credential and login host', isAboutEntra, toEntra),
  check('config.url', 'The public address', isAboutUrl, ({ url }) => `This server is ${url}.`),
  check(
    'config.server',
    'The other variables, and the files that they name',
    (option) => !isAboutEntra(option) && !isAboutUrl(option),
    ({ settings }) => `Everything is in order; the data folder is ${settings.data}.`,
  ),
]

function check(
  id: string,
  title: string,
  isMine: (option: string) => boolean,
  describe: (facts: Facts) => string,
): Check {
  const faults = id === 'config.entra' ? FAULTS : new Map([...FAULTS].filter(([w]) => w !== 'none'))
  return { id, title, faults, run }

  function run(facts: Facts): Outcome {
    const problems = facts.problems.filter(({ option }) => isMine(option))
    if (problems.length === 0) return { findings: [ok(id, describe(facts))] }
    // Where nothing of Entra is set, each variable is missing for the one reason.
    const cause = problems.find(
      ({ option, problem }) => option === '--emulator' && NONE.test(problem),
    )
    if (cause && facts.isPublic) return { findings: [skipped(id, NOT_ITS_OWN)] }
    return { findings: cause ? [nothing(id)] : problems.map((problem) => toFinding(id, problem)) }
  }
}

const NOT_ITS_OWN =
  'Nothing of Entra is set here: of the deployment, what is seen from outside is checked.'

const NONE = /^is not given/

/** What a newcomer sees first. */
function nothing(id: string): Finding {
  return error(id, 'none', 'Nothing of Entra is set here: of its three variables none is set.', {
    expected: 'AZURE_TENANT_ID, ENTRA_PROXY_AZURE_CLIENT_ID, ENTRA_PROXY_AZURE_CLIENT_SECRET',
    found: 'none of them, in the environment and in .env of this folder',
    why: 'The server does not start like this.',
    portal: [
      'Set them; or have setup make the app registration and write them into .env.',
      'To try the server with no Entra ID, where anybody is let in: serve --emulator.',
    ],
    command: 'entrance setup',
    canFix: true,
    docs: 'entra.md',
  })
}

function isAboutEntra(option: string): boolean {
  return (
    option === '--emulator' ||
    /^(AZURE_|ENTRA_PROXY_|ENTRANCE_(AUTHORITY|CREDENTIAL|ALLOW_))/.test(option)
  )
}

function isAboutUrl(option: string): boolean {
  return option === 'ENTRANCE_URL'
}

function toFinding(id: string, { option, problem, cure }: ConfigProblem): Finding {
  const word = wordOf(problem)
  const isForSetup = id === 'config.entra' && word === 'missing'
  return error(id, word, `${option} ${problem}`, {
    why: 'The server does not start like this.',
    portal: [cure],
    ...(isForSetup && { command: 'entrance setup', canFix: true as const }),
    docs: 'configuration.md',
  })
}

function wordOf(problem: string): string {
  if (/^is missing/.test(problem)) return 'missing'
  if (/quotation marks/.test(problem)) return 'quoted'
  return /placeholder/.test(problem) ? 'placeholder' : 'wrong'
}

function toEntra({ entra }: Facts): string {
  if (entra.isEmulator) return `Nothing of Entra is set: the emulator at ${entra.authority}.`
  return `The application ${entra.clientId} of the tenant ${entra.tenantId} at ${entra.authority}.`
}
