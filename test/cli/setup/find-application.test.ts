import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGraph } from '../../../src/cli/graph/graph-client.ts'
import { uniqueNameOf } from '../../../src/cli/setup/desired.ts'
import { findApplication } from '../../../src/cli/setup/find-application.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import { createApplication } from '../../../src/emulator/emulator.ts'
import { graphToken, openPlace } from './support.ts'

const NAME = 'Expenses'

/** Looks for the application, while another run makes one of this unique name in between. */
async function findMeanwhile(t: Parameters<typeof openPlace>[0], uniqueName: string) {
  const { emulator } = await openPlace(t)
  const { tenantId, origin, directory } = emulator
  const graph = createGraph({
    origin,
    token: await graphToken(emulator, 'Alice'),
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (decodeURIComponent(String(input)).includes("uniqueName='")) {
        directory.applications.push(createApplication({ tenantId, displayName: NAME, uniqueName }))
      }
      return response
    },
  })
  const settings = { clientId: undefined, envFile: '.env' }
  const desired = { displayName: NAME, uniqueName: uniqueNameOf(NAME) }
  const asking = { mayAsk: false }
  return findApplication(graph, settings, desired, asking, {} as Terminal)
}

test('what another run of setup makes between two look-ups is its own, too', async (t) => {
  const found = await findMeanwhile(t, uniqueNameOf(NAME))
  assert.equal(found?.uniqueName, uniqueNameOf(NAME))
})

test('what somebody else makes between two look-ups under that name is not', async (t) => {
  await assert.rejects(findMeanwhile(t, 'somebody-elses'), /setup did not make it/)
})
