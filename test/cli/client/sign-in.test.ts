import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createBrowser } from '../../support/browser.ts'
import { startEntrance } from '../../support/start.ts'
import { createPerson, printedAddress, redirectUriOf } from './person.ts'

const server = await startEntrance()
after(() => server.stop())

test('a person signs in through the browser, lists the tools and calls them', async () => {
  await using alice = await createPerson(server)
  const login = await alice.run('login')
  assert.equal(login.code, 0, login.stderr)
  assert.equal(login.stdout, '')
  assert.match(login.stderr, /Signed in to http:\/\/localhost:\d+\/mcp \(mcp-access\)\./)
  const [signIn] = alice.desktop.signIns
  assert.ok(signIn?.status === 'fulfilled')
  assert.match(
    signIn.value.text,
    /Authentication successful.*Connected to .*\/mcp.*close this tab/s,
  )

  const tools = await alice.run('tools')
  assert.equal(tools.code, 0, tools.stderr)
  assert.equal(tools.stderr, '')
  assert.match(tools.stdout, /^add_user_expense {2}\S/m)
  assert.match(tools.stdout, /^ {2}payment_method {2}amex \| visa \| cash {2}\(required\)$/m)
  const json = JSON.parse((await alice.run('tools', '--json')).stdout)
  assert.deepEqual(
    json.tools.map((tool: { name: string }) => tool.name),
    [
      'add_user_expense',
      'get_expenses',
      'summarize_expenses',
      'update_user_expense',
      'delete_user_expense',
    ],
  )

  const expense = ['date=2026-01-30', 'amount=75', 'category=shopping', 'payment_method=visa']
  const added = await alice.run(
    'call',
    'add_user_expense',
    ...expense,
    'description=office supplies',
  )
  assert.equal(added.code, 0, added.stderr)
  assert.match(added.stdout, /75\.00/)
  const listed = JSON.parse((await alice.run('call', 'get_expenses', '--json')).stdout)
  assert.equal(listed.expenses[0].description, 'office supplies')
})

test('another account on another machine sees nothing of it', async () => {
  await using bob = await createPerson(server, 'Bob')
  assert.equal((await bob.run('login')).code, 0)
  const listed = await bob.run('call', 'get_expenses', '--json')
  assert.deepEqual(JSON.parse(listed.stdout).expenses, [])
})

test('what is kept is for the person only, and holds no more than is needed', async () => {
  await using alice = await createPerson(server)
  await alice.run('login')
  const folder = join(alice.desktop.home, '.config', 'entrance')
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(join(folder, 'client.json')).mode & 0o777, 0o600)
  const kept = alice.kept()
  assert.deepEqual(Object.keys(kept ?? {}).sort(), [
    'issuer',
    'redirectUri',
    'registration',
    'resource',
    'tokens',
  ])
  const expiresAt = kept?.tokens?.expiresAt ?? 0
  assert.ok(expiresAt > Date.now() / 1000 + 600 && expiresAt < Date.now() / 1000 + 7200)
})

test('Deny ends in a sentence, exit code 1 and a page that says so', async () => {
  await using alice = await createPerson(server)
  const running = alice.start('login')
  const browser = createBrowser()
  const consent = await browser.open(await printedAddress(running))
  const page = await browser.press(consent, 'Deny')
  assert.match(page.text, /Authentication failed.*Access was denied/s)
  const { code, stdout, stderr } = await running.finished
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^Error: Access was denied/m)
  assert.throws(() => alice.kept(), { code: 'ENOENT' })
})

test('over SSH the person pastes the address they land on', async () => {
  await using alice = await createPerson(server)
  const running = alice.start('login', '--no-browser')
  const address = await printedAddress(running)
  await running.said(/paste it here/)
  // Pasted too early, then nonsense: said so, and waited on.
  running.child.stdin?.write(`${address}\n`)
  await running.said(/This address has no answer in it/)
  running.child.stdin?.write('what?\n\n')
  await running.said(/not the answer to the sign-in that is waiting/)
  const page = await createBrowser().signIn(address, { until: redirectUriOf(address) })
  assert.equal(page.status, 0)
  running.child.stdin?.write(`  ${page.url.href}\n`)
  const { code, stderr } = await running.finished
  assert.equal(code, 0, stderr)
  assert.equal((await alice.run('tools')).code, 0)
})

test('the query alone can be pasted, with input that ends there', async () => {
  await using alice = await createPerson(server)
  const running = alice.start('login', '--no-browser')
  const address = await printedAddress(running)
  const page = await createBrowser().signIn(address, { until: redirectUriOf(address) })
  running.child.stdin?.end(page.url.search)
  assert.equal((await running.finished).code, 0)
})

test('attack: a page that opens the callback address does not disturb the sign-in', async () => {
  await using alice = await createPerson(server)
  const running = alice.start('login')
  const address = await printedAddress(running)
  for (const query of ['code=evil&state=guess', 'error=access_denied']) {
    const answer = await fetch(`${redirectUriOf(address)}?${query}`)
    assert.equal(answer.status, 400)
    assert.match(await answer.text(), /Authentication failed/)
  }
  const page = await createBrowser().signIn(address)
  assert.match(page.text, /Authentication successful/)
  assert.equal((await running.finished).code, 0)
})

test('a code that the server refuses fails the sign-in in terminal and browser', async () => {
  await using alice = await createPerson(server)
  const running = alice.start('login')
  const address = await printedAddress(running)
  const forged = new URL(redirectUriOf(address))
  forged.searchParams.set('code', 'forged')
  forged.searchParams.set('state', new URL(address).searchParams.get('state') as string)
  forged.searchParams.set('iss', server.url)
  const page = await (await fetch(forged)).text()
  assert.match(page, /Authentication failed/)
  const { code, stderr } = await running.finished
  assert.equal(code, 1)
  assert.match(stderr, /^Error: The sign-in failed: invalid_grant: /m)
})

test('Ctrl-C ends the waiting with 130, and the callback is gone', async () => {
  await using alice = await createPerson(server)
  const running = alice.start('login')
  const redirectUri = redirectUriOf(await printedAddress(running))
  running.child.kill('SIGINT')
  const { code, stdout, stderr } = await running.finished
  assert.deepEqual([code, stdout], [130, ''])
  assert.match(stderr, /Interrupted\.\n$/)
  await assert.rejects(fetch(redirectUri), { name: 'TypeError' })
})

test('nobody coming back within the time is told, with exit code 1', async () => {
  await using alice = await createPerson(server)
  const { code, stderr } = await alice.start('login', '--timeout', '1').finished
  assert.equal(code, 1)
  assert.match(stderr, /Nobody signed in within 1 s\.\nTry again; --timeout/)
})

test('the same registration and port serve the next sign-in', async () => {
  await using alice = await createPerson(server)
  await alice.run('login')
  const first = alice.kept()
  const before = server.logs.filter(({ event }) => event === 'client.registered').length
  assert.equal((await alice.run('login')).code, 0)
  const second = alice.kept()
  assert.deepEqual(second?.registration, first?.registration)
  assert.equal(second?.redirectUri, first?.redirectUri)
  assert.notEqual(second?.tokens?.access_token, first?.tokens?.access_token)
  assert.equal(server.logs.filter(({ event }) => event === 'client.registered').length, before)
})

test('two sign-ins at once do not get into each other’s way', async () => {
  await using alice = await createPerson(server)
  await alice.run('login')
  const [one, two] = [alice.start('login'), alice.start('login')]
  const addresses = await Promise.all([printedAddress(one), printedAddress(two)])
  assert.notEqual(redirectUriOf(addresses[0]), redirectUriOf(addresses[1]))
  for (const address of addresses) await createBrowser().signIn(address)
  assert.deepEqual(
    (await Promise.all([one.finished, two.finished])).map(({ code }) => code),
    [0, 0],
  )
  assert.equal((await alice.run('tools')).code, 0)
})

test('the server is used by 127.0.0.1 as well', async () => {
  await using alice = await createPerson({ url: `http://127.0.0.1:${server.port}` })
  const login = await alice.run('login')
  assert.equal(login.code, 0, login.stderr)
  assert.equal((await alice.run('call', 'get_expenses')).code, 0)
})
