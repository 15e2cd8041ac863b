import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import type { Fault } from './fault.ts'
import { configurationFaults } from './faults/configuration.ts'
import { credentialFaults } from './faults/credentials.ts'
import { deploymentFaults } from './faults/deployment.ts'
import { graphFaults } from './faults/graph.ts'
import { networkFaults } from './faults/network.ts'
import { registrationFaults } from './faults/registration.ts'
import { createWorlds, type World } from './world.ts'

const GRAPH = 'registration, which an operator can read'

const FAULTS: ReadonlyMap<string, readonly Fault[]> = new Map([
  ['configuration', configurationFaults],
  ['network', networkFaults],
  ['registration', registrationFaults],
  ['credentials', credentialFaults],
  ['deployment', deploymentFaults],
  [GRAPH, graphFaults],
])

const worlds = await createWorlds()
after(() => worlds.close())

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
  suite(`one fault of the ${kind} is one finding, whose cure leaves none`, () => {
    for (const fault of faults) test(fault.name, () => findAndCure(fault, kind === GRAPH))
  })
}

async function findAndCure(fault: Fault, hasOperator: boolean): Promise<void> {
  const world = await worlds.open()
  try {
    if (hasOperator) await world.signInOperator()
    await fault.plant(world)
    const finding = await findOnly(world, fault)
    await fault.cure(world, finding)
    await world.restart()
    const after = await diagnose(world, fault)
    assert.deepEqual(after.faults, [])
    assert.equal(after.exitCode, 0)
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
  const { what, expected, found, why, portal = [], command } = finding
  assert.match([what, expected, found, why, ...portal, command].join('\n'), fault.says)
  assert.ok(portal.length > 0 || command, 'a finding says what to do')
  return finding
}

function diagnose(world: World, fault: Fault) {
  return world.doctor(fault.isPublic ? { public: world.url } : {})
}
