import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { cureOf } from '../../src/aadsts/find.ts'
import { AADSTS } from '../../src/aadsts/table.ts'
import { AADSTS as ON_THE_WIRE } from '../../src/emulator/aadsts.ts'
import { createDetour, type Detour } from '../attacks/detour.ts'
import { trySignIn } from '../support/admission.ts'
import { signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const TRACE = '11111111-2222-4333-8444-555555555555'

let server: RunningEntrance
let detour: Detour
before(async () => {
  detour = createDetour()
  server = await startEntrance({ entrance: { fetch: detour.fetch } })
})
after(() => server.stop())

/** Has Entra's token endpoint answer so while `run` does. */
async function under<T>(code: number, run: () => Promise<T>): Promise<T> {
  const { error, text } = ON_THE_WIRE.get(code) ?? assert.fail(`AADSTS${code}`)
  const body = {
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${TRACE} Correlation ID: ${TRACE} Timestamp: 2026-11-22 10:00:00Z`,
    error_codes: [code],
  }
  const status = error === 'invalid_client' ? 401 : 400
  detour.intercept = (url, go) =>
    url.pathname.endsWith('/token') ? Promise.resolve(Response.json(body, { status })) : go()
  try {
    return await run()
  } finally {
    detour.intercept = undefined
  }
}

/** What of Entra's errors comes to this server, and not to a page of Entra's own. */
const CODES = [...ON_THE_WIRE].filter(([, { isPageOnly }]) => !isPageOnly).map(([code]) => code)

suite('an error of Entra at the end of a sign-in has its own text, cure and trace id', () => {
  for (const code of CODES) {
    test(`AADSTS${code}`, async () => {
      const { page, authorization } = await under(code, () => trySignIn(server.url))
      const isAtClient = page.url.href.startsWith(authorization.redirect_uri)
      const said = isAtClient ? page.url.searchParams.get('error_description') : page.text
      const [cure] = AADSTS.get(code)?.cures ?? assert.fail('it is not known')
      for (const part of [`AADSTS${code}`, cureOf(cure).summary, TRACE]) {
        assert.ok(said?.includes(part), `${part} in ${said}`)
      }
      assert.doesNotMatch(said ?? '', /Something went wrong|request id/)
      const line = server.logs.findLast(({ event }) => event === 'entra.refused')
      assert.deepEqual([line?.aadsts, line?.entraTraceId], [code, TRACE])
      assert.match(line?.message ?? '', new RegExp(`entrance doctor explain AADSTS${code}\\.$`))
    })
  }
})

/** By these words Entra says that this person is not let in again; all others can be mended, or pass. */
const FINAL = /^(invalid_grant|(interaction|login|consent)_required|access_denied)$/

test('at a refresh, it ends the sign-in where it is about the person, and nowhere else', async () => {
  for (const code of CODES) {
    const { client, client_id, tokens } = await signIn(server.url)
    const refresh = () => client.refresh(client_id, tokens.refresh_token)
    const { status } = await under(code, refresh)
    const isFinal = FINAL.test(ON_THE_WIRE.get(code)?.error ?? '')
    assert.equal(status, isFinal ? 400 : 503, `AADSTS${code}`)
    assert.equal((await refresh()).status, isFinal ? 400 : 200, `AADSTS${code}, mended`)
  }
})
