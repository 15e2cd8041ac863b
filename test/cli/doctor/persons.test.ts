import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { explainPasted } from '../../../src/cli/commands/doctor-explain.ts'
import {
  CONSUMERS_TENANT_ID,
  createGuest,
  createTenant,
  createUser,
} from '../../../src/emulator/emulator.ts'
import { attemptSignIn } from './attempt.ts'
import type { SignInEnding } from './fault.ts'
import { createTestTerminal, createWorlds, type World } from './world.ts'

const worlds = await createWorlds()
after(() => worlds.close())

const FABRIKAM = '0e4d8e67-3c5a-4d3f-9b51-5c0a5f7b6a01'
const NOBODY = '5f6b1a8e-0000-4000-8000-00000000abcd'

/** Nothing is wrong with server and registration, but this person does not come in. */
type PersonFault = {
  readonly name: string
  readonly plant: (world: World) => void
  readonly signIn: SignInEnding
  /** What `doctor explain` finds in the text on which the sign-in ends. */
  readonly explained: RegExp
}

const PERSON_FAULTS: readonly PersonFault[] = [
  {
    name: 'an account of another organisation, which is no guest',
    plant: addFatima,
    signIn: { where: 'entra', says: /AADSTS50020/, account: 'Fatima' },
    explained: /AADSTS50020/,
  },
  {
    name: 'a personal account, which is no guest',
    plant: addDana,
    signIn: { where: 'entra', says: /AADSTS50020/, account: 'Dana' },
    explained: /AADSTS50020/,
  },
  {
    name: 'an account of an organisation that is not on the list',
    plant: (world) => {
      addFatima(world)
      forMany(world, world.emulator.tenantId)
    },
    signIn: { where: 'page', says: /certain organisations.*\(rule 'tenants'\)/, account: 'Fatima' },
    explained: /a rule of ENTRANCE_ALLOW_TENANTS/,
  },
  {
    name: 'a personal account, where those of organisations come in',
    plant: (world) => {
      addDana(world)
      forMany(world, 'any')
      world.app.signInAudience = 'AzureADandPersonalMicrosoftAccount'
    },
    signIn: { where: 'entra', says: /AADSTS/, account: 'Dana' },
    explained: /AADSTS/,
  },
  {
    name: 'a guest, where none comes in',
    plant: (world) => {
      addFatima(world)
      const { directory } = world.emulator
      const [home, tenant] = [directory.users.at(-1), directory.tenants[0]]
      assert.ok(home && tenant)
      directory.users.push(createGuest(home, tenant))
      world.env.ENTRANCE_ALLOW_GUESTS = 'off'
      const acct = { name: 'acct', additionalProperties: [] }
      world.app.optionalClaims = { idToken: [], accessToken: [acct] }
    },
    signIn: {
      where: 'page',
      says: /this account is a guest.*\(rule 'guests'\)/,
      account: 'Fatima',
    },
    explained: /a rule of ENTRANCE_ALLOW_TENANTS/,
  },
  {
    name: 'somebody who is not on the list',
    plant: ({ env }) => {
      env.ENTRANCE_ALLOW_USERS = NOBODY
      env.ENTRANCE_ALLOW_CONTACT = 'it@entrance.example'
    },
    signIn: { where: 'page', says: /certain people.*\(rule 'users'\).*ask it@entrance\.example/ },
    explained: /a rule of ENTRANCE_ALLOW_TENANTS/,
  },
  {
    name: 'somebody whom nobody has assigned to the application',
    plant: ({ servicePrincipal }) => {
      servicePrincipal.appRoleAssignmentRequired = true
    },
    signIn: { where: 'entra', says: /AADSTS50105/ },
    explained: /AADSTS50105/,
  },
  {
    name: 'an account that is disabled',
    plant: ({ emulator }) => {
      for (const user of emulator.directory.users) user.accountEnabled = false
    },
    signIn: { where: 'entra', says: /AADSTS50057/ },
    explained: /AADSTS50057/,
  },
]

/** An organisation besides, with one person. */
function addFatima({ emulator: { directory } }: World): void {
  directory.tenants.push(
    createTenant({ id: FABRIKAM, displayName: 'Fabrikam', domains: ['fabrikam.example'] }),
  )
  const userPrincipalName = 'fatima@fabrikam.example'
  directory.users.push(createUser({ tenantId: FABRIKAM, displayName: 'Fatima', userPrincipalName }))
}

function addDana({ emulator: { directory } }: World): void {
  const userPrincipalName = 'dana@outlook.example'
  directory.users.push(
    createUser({ tenantId: CONSUMERS_TENANT_ID, displayName: 'Dana', userPrincipalName }),
  )
}

function forMany({ app, env }: World, tenants: string): void {
  app.signInAudience = 'AzureADMultipleOrgs'
  env.AZURE_TENANT_ID = 'organizations'
  env.ENTRANCE_ALLOW_TENANTS = tenants
}

suite('a person who does not come in is told why, and doctor explains it', () => {
  for (const fault of PERSON_FAULTS) test(fault.name, () => explainEnding(fault))
})

async function explainEnding({ plant, signIn, explained }: PersonFault): Promise<void> {
  const world = await worlds.open()
  try {
    plant(world)
    const { faults } = await world.doctor()
    assert.deepEqual(faults, [], 'it is nothing that doctor could see')
    const { where, text, client } = await attemptSignIn(world, world.url, signIn)
    const said = text.replace(/\s+/g, ' ')
    assert.equal(where, signIn.where, said)
    assert.match(said, signIn.says)
    if (where === 'page') assert.match(client ?? '', /^Access was denied: /)
    const { terminal, text: output } = createTestTerminal(world.env)
    await explainPasted([said], {}, terminal)
    assert.match(output(), explained)
  } finally {
    await world.close()
  }
}
