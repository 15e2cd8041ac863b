import assert from 'node:assert/strict'
import { explainPasted } from '../../../src/cli/commands/doctor-explain.ts'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { attemptSignIn, type Ending } from './attempt.ts'
import type { Fault } from './fault.ts'
import { configurationFaults } from './faults/configuration.ts'
import { credentialFaults } from './faults/credentials.ts'
import { deploymentFaults } from './faults/deployment.ts'
import { graphFaults } from './faults/graph.ts'
import { networkFaults } from './faults/network.ts'
import { registrationFaults } from './faults/registration.ts'
import { createTestTerminal, type createWorlds, type World } from './world.ts'

const GRAPH = 'registration, which an operator can read'

export const FAULTS: ReadonlyMap<string, readonly Fault[]> = new Map([
  ['configuration', configurationFaults],
  ['network', networkFaults],
  ['registration', registrationFaults],
  ['credentials', credentialFaults],
  ['deployment', deploymentFaults],
  [GRAPH, graphFaults],
])

/** What became of one fault. */
export type Row = { readonly fault: Fault; readonly finding: Finding; readonly ending: Ending }

/**
 * Plants the fault, has `doctor` find it, tries to sign in, does what the finding says, and looks
 * and tries again.
 */
export async function runFault(
  fault: Fault,
  worlds: Awaited<ReturnType<typeof createWorlds>>,
): Promise<Row> {
  const world = await worlds.open()
  try {
    if (FAULTS.get(GRAPH)?.includes(fault)) await world.signInOperator()
    await fault.plant(world)
    const finding = await findOnly(world, fault)
    const ending = await attempt(world, fault)
    checkEnding(ending, fault)
    await checkExplained(ending, world)
    await fault.cure(world, finding)
    await world.restart()
    const { faults, exitCode } = await diagnose(world, fault)
    assert.deepEqual(faults, [])
    assert.equal(exitCode, 0)
    const cured = await attempt(world, fault)
    assert.equal(cured.where, fault.signIn.cured ?? 'none', cured.text)
    assert.deepEqual(
      world.logs.filter(({ event }) => event === 'error.unexpected'),
      [],
    )
    return { fault, finding, ending }
  } finally {
    await world.close()
  }
}

async function findOnly(world: World, fault: Fault): Promise<Finding> {
  const { faults, exitCode } = await diagnose(world, fault)
  assert.deepEqual(
    faults.map(({ id, status }) => `${status} ${id}`),
    [`${fault.status ?? 'error'} ${fault.finding}`],
    JSON.stringify(faults, null, 2),
  )
  assert.equal(exitCode, fault.status === 'warning' ? 1 : 2)
  const [finding] = faults as [Finding]
  assert.match(textOf(finding), fault.says)
  assert.ok((finding.portal ?? []).length > 0 || finding.command, 'a finding says what to do')
  return finding
}

/** All that it says. */
export function textOf({ what, expected, found, why, portal = [], command }: Finding): string {
  return [what, expected, found, why, ...portal, command].join('\n')
}

function addressOf(world: World, { at, isPublic }: Fault): string {
  return at?.(world) ?? (isPublic ? world.url : (world.env.ENTRANCE_URL ?? world.url))
}

function diagnose(world: World, fault: Fault) {
  return world.doctor(fault.isPublic ? { public: addressOf(world, fault) } : {})
}

function attempt(world: World, fault: Fault): Promise<Ending> {
  return attemptSignIn(world, addressOf(world, fault), fault.signIn)
}

/** Wherever it ends, it is said why, and nothing is bare. */
function checkEnding(ending: Ending, { signIn }: Fault): void {
  const { where, client, page } = ending
  const text = ending.text.replace(/\s+/g, ' ')
  assert.equal(where, signIn.where, text)
  if (signIn.where === 'none') return
  assert.match(text, signIn.says)
  if (where !== 'page') return
  assert.match(text, /What to do/)
  // Who goes back to the application is told there what the page says.
  if (client === undefined) assert.match(text, /Show the request again/)
  else assert.match(client, onlyCause(signIn.says))
  assert.ok(page && page.status >= 400)
}

/** `doctor explain` knows it, whatever person or client was told; of other people's pages it cannot. */
async function checkExplained({ where, text, client }: Ending, { env }: World): Promise<void> {
  if (where === 'none' || where === 'front' || where === 'browser') return
  const said = where === 'start' ? `The configuration has one problem:\n${text}` : text
  for (const pasted of [said, ...(client ? [client] : [])]) {
    const { terminal, lines } = createTestTerminal(env)
    await explainPasted([pasted], {}, terminal).catch((error: unknown) => {
      throw new Error(`Not explained: ${pasted}`, { cause: error })
    })
    assert.notEqual(lines.length, 0)
  }
}

/** What comes before the cure. */
function onlyCause(says: RegExp): RegExp {
  return new RegExp(says.source.split('.*')[0] as string)
}

/** What was said at the end, without what is another each time. */
export function endingOf({ where, text }: Ending): string {
  const said = text
    .replace(/\s+/g, ' ')
    .replace(/Details .*|Troubleshooting details .*/, '')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replace(/(localhost|127\.0\.0\.1):\d+/g, 'HOST')
  return `${where}: ${said}`
}

const PLACES: ReadonlyMap<string, string> = new Map([
  ['start', 'the server does not start'],
  ['entra', 'a page of Entra’s'],
  ['page', 'a page of the server’s; then the client'],
  ['client', 'the client'],
  ['front', 'a page of what stands in front'],
  ['browser', 'the browser’s own page'],
])

/** The rows of docs/faults.md. */
export function toTable(): string[] {
  return [...FAULTS].flatMap(([kind, faults]) => [
    `\n## ${kind[0]?.toUpperCase()}${kind.slice(1)}\n`,
    '| Fault | Finding | A sign-in ends at | What is said there |\n|---|---|---|---|',
    ...faults.map(toTableRow),
  ])
}

function toTableRow({ name, finding, signIn }: Fault): string {
  const [where, said] =
    signIn.where === 'none'
      ? ['nothing: it succeeds', signIn.because]
      : [PLACES.get(signIn.where), readable(signIn.says)]
  return `| ${name} | \`${finding}\` | ${where} | ${said} |`
}

/** The pattern as a sentence with gaps. */
function readable({ source }: RegExp): string {
  return source
    .replaceAll(/\.\*|\\S\+/g, ' … ')
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll(/[|<>]/g, '\\$&')
    .replaceAll(/ +/g, ' ')
    .trim()
}
