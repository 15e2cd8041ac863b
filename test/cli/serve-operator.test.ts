import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { signIn } from '../support/oauth-client.ts'
import { type RunningServe, startServe } from '../support/serve.ts'

function operatorOf({ logs }: RunningServe): string {
  const banner = logs.find((line) => typeof line === 'object' && line.event === 'server.listening')
  assert.ok(typeof banner === 'object')
  return `http://127.0.0.1:${banner.operatorPort}`
}

async function read(address: string): Promise<{ status: number; text: string }> {
  const response = await fetch(address)
  return { status: response.status, text: await response.text() }
}

suite("serve with an operator's port", () => {
  test('is ready, and counts a sign-in, the gate, the store and Entra', async () => {
    await using server = await startServe({ env: { ENTRANCE_OPERATOR_PORT: '0' } })
    const operator = operatorOf(server)
    assert.equal((await read(`${operator}/healthz`)).status, 200)
    const ready = await read(`${operator}/readyz`)
    assert.equal(ready.status, 200, ready.text)
    await signIn(server.url)
    await fetch(`${server.url}/mcp`, { method: 'POST' })

    const { text } = await read(`${operator}/metrics`)
    const expected = [
      /^entrance_ready 1$/m,
      /^entrance_requests_total\{endpoint="\/token",status="2xx"\} 1$/m,
      /^entrance_request_duration_seconds_count\{endpoint="\/register"\} 1$/m,
      /^entrance_gate_verdicts_total\{verdict="no_token"\} 1$/m,
      /^entrance_store_operation_duration_seconds_count\{operation="create",outcome="success"\} \d+$/m,
      /^entrance_entra_call_duration_seconds_count\{operation="token",outcome="success"\} 1$/m,
      /^entrance_build_info\{version="[\d.]+",node="v[\d.]+"\} 1$/m,
      /^process_resident_memory_bytes \d+$/m,
    ]
    for (const pattern of expected) assert.match(text, pattern)
  })

  test("an operator's port that is in use is said, and nothing is left running", async () => {
    await using server = await startServe({ env: { ENTRANCE_OPERATOR_PORT: '0' } })
    const { port } = new URL(operatorOf(server))
    const second = startServe({ env: { ENTRANCE_OPERATOR_PORT: port } })
    await assert.rejects(second, /ended with 2:.*ENTRANCE_OPERATOR_PORT.*in use/s)
  })

  test('without the variable there is none', async () => {
    await using server = await startServe()
    assert.match(operatorOf(server), /undefined$/)
    assert.equal((await read(`${server.url}/metrics`)).status, 404)
  })
})
