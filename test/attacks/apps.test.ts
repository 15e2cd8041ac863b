import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { SEED, startEmulator } from '../../src/emulator/emulator.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { type Browser, createBrowser, type Page } from '../support/browser.ts'
import { signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { isLet, startReplicas, stopClock } from './support.ts'

let server: RunningEntrance
before(async () => {
  server = await startEntrance({ entrance: { consent: 'remember' } })
})
after(() => server.stop())

const appsOf = (of: { url: string } = server) => `${of.url}/auth/apps`

suite('the page of a person', () => {
  test('shows what has access in their name, and nobody else’s', async () => {
    const alice = await signIn(server.url, { metadata: { client_name: 'Editor of Alice' } })
    const bob = await signIn(server.url, {
      account: 'Bob',
      metadata: { client_name: 'Editor of Bob' },
    })
    const page = await alice.browser.open(appsOf())
    assert.match(page.text, /Editor of Alice/)
    assert.match(page.text, /127\.0\.0\.1 on a computer of yours/)
    assert.match(page.text, /mcp-access/)
    assert.match(page.text, /Signed in as Alice alice@entrance\.example/)
    assert.doesNotMatch(page.text, /Editor of Bob/)
    assert.match((await bob.browser.open(appsOf())).text, /Editor of Bob/)
    const times = [...page.html.matchAll(/<time datetime="([^"]+)">([^<]+) UTC<\/time>/g)]
    assert.ok(times.length >= 3)
    for (const [, machine = '', human = ''] of times) {
      assert.equal(Date.parse(`${human} UTC`), Math.floor(Date.parse(machine) / 60_000) * 60_000)
    }
  })

  test('ends the access of one application, and leaves the others', async () => {
    const one = await signIn(server.url, { metadata: { client_name: 'One' } })
    const two = await signIn(server.url, {
      browser: one.browser,
      metadata: { client_name: 'Two' },
    })
    const after = await revoke(one.browser, 'One')
    assert.doesNotMatch(after.text, /One /)
    assert.match(after.text, /Two/)
    assert.equal(await isLet(one, one.tokens.access_token), false)
    assert.equal((await one.client.refresh(one.client_id, one.tokens.refresh_token)).status, 400)
    assert.equal(await isLet(two, two.tokens.access_token), true)
    const event = server.logs.findLast(({ event }) => event === 'apps.revoked')
    assert.deepEqual([event?.client, event?.grants], ['One', 1])
    // Nor is it let through unasked.
    const { url } = one.client.authorization(one.client_id)
    const asked = await one.browser.open(url, { until: server.emulator.origin })
    assert.equal(asked.url.pathname, '/consent')
  })

  test('ends the access of all at once, on every replica within two seconds', async () => {
    await using replicas = await startReplicas({ consent: 'remember' })
    const { url } = replicas.server
    const one = await signIn(url, { metadata: { client_name: 'One' } })
    const two = await signIn(url, { browser: one.browser, metadata: { client_name: 'Two' } })
    const page = await one.browser.press(await one.browser.open(appsOf({ url })), 'Revoke all')
    assert.match(page.text, /No application has access/)
    const began = performance.now()
    for (const { tokens } of [one, two]) {
      const authorization = `Bearer ${tokens.access_token}`
      const host = new URL(url).host
      for (const { authenticate } of replicas.entrances) {
        while (authenticate({ authorization, host, origin: null }).isAllowed) {
          assert.ok(performance.now() - began < 2000, 'still let in after two seconds')
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    }
  })

  test('cannot be framed, is not kept, and tells nobody its address (clickjacking)', async () => {
    const { browser } = await signIn(server.url)
    for (const { headers } of [
      await browser.open(appsOf()),
      await createBrowser().open(appsOf()),
    ]) {
      assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/)
      assert.equal(headers.get('x-frame-options'), 'DENY')
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.equal(headers.get('referrer-policy'), 'same-origin')
    }
  })

  test('shows the name of an application as text, whatever is in it', async () => {
    const metadata = { client_name: '<img src=x onerror=alert(1)>"' }
    const { browser } = await signIn(server.url, { metadata })
    const { html } = await browser.open(appsOf())
    assert.ok(!html.includes('<img'))
    assert.ok(html.includes('&lt;img src=x onerror=alert(1)&gt;&quot;'))
  })
})

test('somebody who can write to the store cannot put what is another’s on the page', async () => {
  const store = memoryStore()
  await using other = await startEntrance({ entrance: { consent: 'remember', store } })
  const alice = await signIn(other.url, { metadata: { client_name: 'Editor of Alice' } })
  const bob = await signIn(other.url, { account: 'Bob', metadata: { client_name: 'Bob’s' } })
  const [alices, bobs] = [SEED.alice, SEED.bob].map((oid) => `${SEED.tenantId}/${oid}`)
  for (const record of await store.list({ person: alices ?? '' })) {
    await store.replace({ ...record, person: bobs }, record.version)
  }
  const page = await bob.browser.open(appsOf(other))
  assert.match(page.text, /Bob’s/)
  assert.doesNotMatch(page.text, /Editor of Alice/)
  await bob.browser.press(page, /^Revoke/)
  assert.equal(await isLet(alice, alice.tokens.access_token), true)
})

suite('without a sign-in of the last hour the page', () => {
  test('starts nothing by itself: no cookie of a sign-in, no word to Entra', async () => {
    await using other = await startEntrance()
    for (const init of [{}, { method: 'HEAD' }]) {
      const answer = await fetch(appsOf(other), { ...init, redirect: 'manual' })
      assert.equal(answer.status, 200)
      const names = answer.headers.getSetCookie().map((line) => line.split('=')[0])
      assert.deepEqual(names, ['entrance'])
    }
    assert.deepEqual(other.emulator.seen, [])
  })

  test('shows nothing and ends nothing, whoever has the cookie', async () => {
    using clock = stopClock()
    const signedIn = await signIn(server.url, { metadata: { client_name: 'Left open' } })
    const page = await signedIn.browser.open(appsOf())
    assert.match(page.text, /Left open/)
    clock.forward(3601)
    const late = await signedIn.browser.press(page, 'Revoke')
    assert.match(late.text, /Sign in with Microsoft Entra ID/)
    assert.doesNotMatch(late.text, /Left open/)
    const { refresh_token } = signedIn.tokens
    const renewed = await signedIn.client.refresh(signedIn.client_id, refresh_token)
    assert.equal(renewed.status, 200)
  })

  test('signs in at Entra and comes back to itself', async () => {
    const browser = createBrowser()
    const page = await signInToApps(browser)
    assert.equal(page.url.href, appsOf())
    assert.match(page.text, /Signed in as Alice/)
    const out = await browser.press(page, 'Sign out here')
    assert.match(out.text, /Sign in with Microsoft Entra ID/)
    assert.deepEqual(namesOf(browser), ['entrance'])
  })
})

suite('a form of the page', () => {
  type Forged = { headers?: Record<string, string>; token?: string; cookie?: string }
  const FORGED: readonly (readonly [string, Forged])[] = [
    ['from another origin', { headers: { origin: 'https://evil.example' } }],
    ['from another port of this host', { headers: { origin: 'http://localhost:1' } }],
    ['from a page without an origin', { headers: { origin: 'null' } }],
    ['from another site', { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['from a sibling site', { headers: { 'sec-fetch-site': 'same-site' } }],
    ['without the token', { token: '' }],
    ['with a made-up token', { token: 'A'.repeat(43) }],
    ['from a browser without the cookie', { cookie: '' }],
  ]
  for (const [name, { headers, token, cookie }] of FORGED) {
    for (const action of ['revoke-all', 'revoke', 'sign-out', 'sign-in']) {
      test(`${name} does not count: ${action} (CSRF)`, async () => {
        const signedIn = await signIn(server.url)
        const page = await signedIn.browser.open(appsOf())
        const fields = new Map(page.forms[0]?.fields.map(({ 0: n, 1: v }) => [n, v]))
        const own = cookiesOf(signedIn.browser)
        const sent = cookie === '' ? own.replace(/(^|; )entrance=[^;]*/, '') : own
        const answer = await fetch(appsOf(), {
          method: 'POST',
          redirect: 'manual',
          body: new URLSearchParams({
            action,
            application: fields.get('application') ?? '',
            form_token: token ?? fields.get('form_token') ?? '',
          }),
          headers: { cookie: sent, origin: server.url, ...headers },
        })
        assert.equal(answer.status, 403)
        assert.deepEqual(answer.headers.getSetCookie(), [])
        assert.equal(await isLet(signedIn, signedIn.tokens.access_token), true)
      })
    }
  }

  test('of one person does not count for another who has signed in since', async () => {
    const alice = await signIn(server.url)
    const page = await alice.browser.open(appsOf())
    const bob = await signIn(server.url, { account: 'Bob', browser: alice.browser })
    const refused = await alice.browser.press(page, 'Revoke all')
    assert.equal(refused.status, 403)
    assert.equal(await isLet(bob, bob.tokens.access_token), true)
    assert.equal(await isLet(alice, alice.tokens.access_token), true)
  })

  test('cannot end the access that another person gave', async () => {
    const alice = await signIn(server.url)
    const bob = await signIn(server.url, {
      account: 'Bob',
      metadata: { client_name: 'Only of Bob' },
    })
    const page = await alice.browser.open(appsOf())
    const bobs = /name="application" value="([\w-]+)"/.exec(
      (await bob.browser.open(appsOf())).html.split('Only of Bob')[1] ?? '',
    )
    const [, digest = ''] = bobs ?? []
    assert.equal(digest.length, 43)
    const form_token = new Map(page.forms[0]?.fields).get('form_token') ?? ''
    const answer = await fetch(appsOf(), {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ action: 'revoke', application: digest, form_token }),
      headers: { cookie: cookiesOf(alice.browser), origin: server.url },
    })
    assert.equal(answer.status, 303)
    assert.equal(await isLet(bob, bob.tokens.access_token), true)
  })
})

suite('a sign-in to the page', () => {
  test('never becomes a code or a grant', async () => {
    const browser = createBrowser()
    const page = await signInToApps(browser)
    const callback = page.trail.find(({ pathname }) => pathname === '/auth/callback')
    assert.ok(callback)
    for (const url of page.trail) assert.ok(!url.search.includes('code=c1.'), url.href)
    assert.match(page.text, /Signed in as Alice/)
    const issued = server.logs.filter(({ event }) => event === 'entra.signed-in').length
    await browser.open(callback)
    assert.equal(server.logs.filter(({ event }) => event === 'entra.signed-in').length, issued)
  })

  test('has Entra asked once and the browser signed in once, however often its answer is loaded', async () => {
    const browser = createBrowser()
    const start = await browser.press(await browser.open(appsOf()), /^Sign in with/)
    const headers = { cookie: cookiesOf(browser) }
    const page = await browser.press(start, /^Alice/)
    const done = page.url.href === appsOf() ? page : await browser.press(page, 'Accept')
    const callback = done.trail.find(({ pathname }) => pathname === '/auth/callback')
    assert.ok(callback)
    const asked = server.emulator.seen.at(-1)
    // A cookie that was copied before is there for good.
    const again = await fetch(callback, { headers, redirect: 'manual' })
    assert.equal(again.status, 302)
    assert.equal(again.headers.get('location'), appsOf())
    const [cookie = '', ...more] = again.headers.getSetCookie()
    assert.match(cookie, /^entrance-tx-[\w-]+=; .*Max-Age=0/)
    assert.deepEqual(more, [])
    assert.equal(server.emulator.seen.at(-1), asked)
  })

  test('of one browser does not count in another (login CSRF)', async () => {
    const attacker = createBrowser()
    const start = await attacker.press(await attacker.open(appsOf()), /^Sign in with/)
    const callback = await attacker.press(start, /^Bob/, { until: `${server.url}/auth/callback` })
    const until = `${server.url}/auth/callback`
    const done = callback.url.pathname === '/auth/callback' ? callback : undefined
    const answer = done ?? (await attacker.press(callback, 'Accept', { until }))
    const victim = createBrowser()
    const refused = await victim.open(answer.url)
    assert.equal(refused.status, 403)
    assert.ok(!namesOf(victim).includes('entrance-session'))
  })

  test('is not a sign-in of a client, nor the other way round: each has a key of its own', async () => {
    const browser = createBrowser()
    const start = await browser.press(await browser.open(appsOf()), /^Sign in with/)
    const name = namesOf(browser).find((each) => each.startsWith('entrance-tx-'))
    const transaction = browser.cookies.all().find((cookie) => cookie.name === name)
    assert.ok(transaction)
    const cookie = cookiesOf(browser).replace(transaction.value, 'x')
    const state = start.url.searchParams.get('state') ?? ''
    const refused = await fetch(`${server.url}/auth/callback?code=x&state=${state}`, {
      headers: { cookie },
      redirect: 'manual',
    })
    assert.equal(refused.status, 403)
    // As a session it opens nothing either.
    const session = `entrance-session=${transaction.value.split(/\.(.*)/s)[1]}`
    const page = await fetch(appsOf(), { headers: { cookie: session } })
    assert.match(await page.text(), /Sign in with Microsoft Entra ID/)
  })

  test('that cannot begin, because Entra is away, says so', async () => {
    const emulator = await startEmulator({ port: 0 })
    await using other = await startEntrance({ emulator })
    await emulator.close()
    const browser = createBrowser()
    const page = await browser.press(await browser.open(appsOf(other)), /^Sign in with/)
    assert.equal(page.status, 503)
    assert.match(page.text, /Microsoft Entra ID is not answering/)
    assert.ok(page.html.includes(`href="${appsOf(other)}"`))
    assert.deepEqual(namesOf(browser), ['entrance'])
  })

  test('that Entra refuses ends on a page that leads back, and nowhere else', async () => {
    const browser = createBrowser()
    const start = await browser.press(await browser.open(appsOf()), /^Sign in with/)
    const state = start.url.searchParams.get('state') ?? ''
    const query = `error=access_denied&error_description=AADSTS65004&state=${state}`
    const page = await browser.open(`${server.url}/auth/callback?${query}`)
    assert.equal(page.status, 400)
    assert.ok(page.html.includes(`href="${appsOf()}"`))
    assert.deepEqual(namesOf(browser), ['entrance'])
  })
})

async function signInToApps(browser: Browser): Promise<Page> {
  const start = await browser.press(await browser.open(appsOf()), /^Sign in with/)
  const page = await browser.press(start, /^Alice/)
  return page.url.href === appsOf() ? page : browser.press(page, 'Accept')
}

/** Presses the button of one application. */
async function revoke(browser: Browser, name: string): Promise<Page> {
  const page = await browser.open(appsOf())
  const [, digest] =
    new RegExp(`value="([\\w-]+)">\\s*<button[^>]*aria-label="Revoke ${name}"`).exec(page.html) ??
    []
  const form = page.forms.find(({ fields }) => new Map(fields).get('application') === digest)
  assert.ok(digest && form, `no button for ${name}`)
  return browser.press({ ...page, forms: [form] }, 'Revoke')
}

function cookiesOf(browser: Browser): string {
  const ours = browser.cookies.all().filter(({ name }) => name.startsWith('entrance'))
  return ours.map(({ name, value }) => `${name}=${value}`).join('; ')
}

function namesOf(browser: Browser): string[] {
  const names = browser.cookies.all().map(({ name }) => name)
  return names.filter((name) => name.startsWith('entrance')).toSorted()
}
