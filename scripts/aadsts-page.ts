// Writes docs/aadsts.md from src/aadsts/: the page and what the server says cannot differ.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CURES, type Cure, type CureId } from '../src/aadsts/cures.ts'
import { CURES_BY_ERROR } from '../src/aadsts/find.ts'
import { AADSTS, AADSTS_AS_OF, type AadstsEntry } from '../src/aadsts/table.ts'

const INTRODUCTION = `# AADSTS numbers

What Entra's numbered errors mean for this server, and what helps. As of ${AADSTS_AS_OF}; Microsoft
changes numbers and texts at any time. Made by \`npm run docs\` from
[src/aadsts/table.ts](../src/aadsts/table.ts) and [src/aadsts/cures.ts](../src/aadsts/cures.ts), which
the server's pages, its log and [\`entrance doctor\`](doctor.md) use too. Many of them Entra shows on its
own page, and this server never hears of them.

\`entrance doctor explain AADSTS50011\`, or with the whole page, address or log line pasted, says the same
with the ids of your configuration filled in, and how what Entra saw differs from it.

*Person*: the client is told \`access_denied\`. *Passes*: 503, and the same may succeed later. The rest
is for the operator.
`

const NO_NUMBER = `## Without a number

Where Entra gives no number, or one that is not here, its error word decides:
`

const CURES_HEADING = `## Cures

\`$APP\` is the Application (client) ID, \`$OID\` the object ID of the application, \`$SP\` that of its service
principal ("enterprise application"), \`$T\` the tenant, \`$URL\` the server's base URL, \`$SCOPE\` its scope.
The portal is the Entra admin centre; calls of Microsoft Graph are below \`/v1.0\`.
`

/** The page, whole. */
export function aadstsPage(): string {
  const entries = [...AADSTS.values()].toSorted((a, b) => a.code - b.code)
  const words = [...CURES_BY_ERROR].map(([word, id]) => `| \`${word}\` | ${linkTo(id)} |`)
  const cures = [...CURES].map(([id, cure]) => sectionOf(id, cure))
  return [
    INTRODUCTION,
    '| Number | What happened | What it comes from | Cure | Kind |\n|---|---|---|---|---|',
    ...entries.map(rowOf),
    `\n${NO_NUMBER}\n| Word | Cure |\n|---|---|`,
    ...words,
    `\n${CURES_HEADING}\n${cures.join('\n')}`,
  ].join('\n')
}

function rowOf({ code, title, causes, cures, isPersons, isTransient }: AadstsEntry): string {
  const kind = isPersons ? 'person' : isTransient ? 'passes' : ''
  const cells = [code, title, causes.join('; '), cures.map(linkTo).join(', '), kind]
  return `| ${cells.map((cell) => plain(String(cell))).join(' | ')} |`
}

function linkTo(id: CureId): string {
  return `[${id}](#${id})`
}

function sectionOf(id: CureId, { summary, portal, az, graph }: Cure): string {
  const lines = [
    plain(summary),
    ...(portal ? [`Portal: ${plain(portal)}`] : []),
    ...(az ? [`\`\`\`sh\n${az.replace(/\$(APP|OID|SP|T|URL|SCOPE)\b/g, '"$$$1"')}\n\`\`\``] : []),
    ...(graph ? [`Microsoft Graph: \`${graph}\``] : []),
  ]
  return `### ${id}\n\n${lines.join('\n\n')}\n`
}

function plain(text: string): string {
  return text.replace(/</g, '\\<')
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '..', 'docs', 'aadsts.md'), aadstsPage())
}
