import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGraph } from './support.ts'

test('an application is created, found in each way, and deleted', async () => {
  const { emulator, graph } = await openGraph()
  const made = await graph('POST', '/applications', { displayName: 'Made by a test' })
  assert.equal(made.status, 201)
  const { id, appId } = made.body
  assert.notEqual(id, appId)
  const uri = `api://${appId}`
  const patched = await graph('PATCH', `/applications/${id}`, { identifierUris: [uri] })
  assert.equal(patched.status, 204)
  const ways = [
    `/applications?$filter=appId eq '${appId}'`,
    `/applications?$filter=displayName eq 'made by a TEST'`,
    `/applications?$filter=startswith(displayName,'Made')`,
    `/applications?$filter=identifierUris/any(x:x eq '${uri}')`,
  ]
  for (const way of ways) {
    const { body } = await graph('GET', way)
    assert.deepEqual(
      body.value.map((found: { id: string }) => found.id),
      [id],
      way,
    )
  }
  for (const way of [`/applications/${id}`, `/applications(appId='${appId}')`]) {
    assert.equal((await graph('GET', way)).body.id, id)
  }
  assert.equal((await graph('DELETE', `/applications/${id}`)).status, 204)
  assert.equal((await graph('GET', `/applications/${id}`)).status, 404)
  assert.equal(
    emulator.directory.applications.some((application) => application.id === id),
    false,
  )
})
