import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { faultsPage } from '../../../scripts/faults-page.ts'
import type { Fault } from './fault.ts'
import { endingOf, FAULTS, type Row, runFault, textOf } from './matrix.ts'
import { createWorlds } from './world.ts'

const worlds = await createWorlds()
after(() => worlds.close())

const rows = new Map<Fault, Promise<Row>>()

/** Each fault once, whoever asks for it first. */
function rowOf(fault: Fault): Promise<Row> {
  const row = rows.get(fault) ?? runFault(fault, worlds)
  rows.set(fault, row)
  return row
}

async function allRows(): Promise<Row[]> {
  const all: Row[] = []
  // One world at a time.
  for (const fault of [...FAULTS.values()].flat()) all.push(await rowOf(fault))
  return all
}

test('where everything is right, doctor finds nothing', async () => {
  const world = await worlds.open()
  try {
    await world.signInOperator()
    for (const options of [{}, { public: world.url }]) {
      const { faults, exitCode } = await world.doctor(options)
      assert.deepEqual(faults, [])
      assert.equal(exitCode, 0)
    }
  } finally {
    await world.close()
  }
})

for (const [kind, faults] of FAULTS) {
  suite(`one fault of the ${kind}: one finding, one end of a sign-in, a cure for both`, () => {
    for (const fault of faults) test(fault.name, async () => void (await rowOf(fault)))
  })
}

suite('the faults, one beside another', () => {
  test('are 60 and more that keep people from signing in', async () => {
    const all = await allRows()
    assert.equal(new Set(all.map(({ fault }) => fault.name)).size, all.length)
    const complete = all.filter(({ ending }) => ending.where !== 'none')
    assert.ok(complete.length >= 60, `${complete.length} of ${all.length}`)
  })

  test('of two different findings, no two say the same', async () => {
    const said = new Map<string, string>()
    for (const { finding } of await allRows()) {
      const text = textOf(finding)
      assert.equal(said.get(text) ?? finding.id, finding.id, text)
      said.set(text, finding.id)
    }
  })

  test('of two different causes, no two sign-ins end with the same words', async () => {
    const ended = new Map<string, Fault>()
    for (const { fault, ending } of await allRows()) {
      if (ending.where === 'none') continue
      const words = endingOf(ending)
      const other = ended.get(words) ?? fault
      assert.equal(causeOf(other), causeOf(fault), `${other.name}; ${fault.name}: ${words}`)
      ended.set(words, fault)
    }
  })

  test('are in the documentation, with what a sign-in ends with', () => {
    const root = join(import.meta.dirname, '..', '..', '..')
    const page = readFileSync(join(root, 'docs', 'faults.md'), 'utf8')
    assert.equal(page, faultsPage(), 'npm run docs')
  })
})

/** What doctor tells apart with the eyes of an operator, or from the inside, and Entra does not. */
const SAME_CAUSE: readonly (readonly string[])[] = [
  ['entra.authorize.redirect-uri', 'registration.redirect-uri-missing'],
  ['entra.authorize.id-uri', 'registration.identifier-uri'],
  ['entra.authorize.scope', 'registration.scope-missing', 'registration.scope-disabled'],
  ['entra.authorize.disabled', 'registration.service-principal-disabled'],
  ['entra.authorize.account-types', 'registration.account-type'],
  ['entra.credential.wrong', 'registration.secret-unknown'],
  ['entra.credential.expired', 'registration.secret-expired'],
  [
    'entra.authorize.client-id',
    'registration.application-missing',
    'registration.service-principal-missing',
    'server.sign-in.client-id',
  ],
]

function causeOf({ finding }: Fault): string {
  return SAME_CAUSE.find((ids) => ids.includes(finding))?.[0] ?? finding
}
