import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { DesiredRegistration } from '../../../src/cli/registration/types.ts'
import { renderRequest } from '../../../src/cli/setup/request-document.ts'
import { createTenant, SEED } from '../../../src/emulator/emulator.ts'
import { graphToken, installAz, openPlace, type Place } from './support.ts'

const NAME = 'Expenses'

/** A tenant where nobody but administrators may register applications, and Bob is none. */
const closed = {
  operator: 'Bob',
  roles: [],
  directory: {
    applications: [],
    tenants: [
      createTenant({
        id: SEED.tenantId,
        displayName: 'Entrance Example',
        domains: [SEED.domain],
        allowUserAppRegistration: false,
      }),
    ],
  },
}

test('without rights it writes a request that an administrator runs with az, and then sign-ins work', async (t) => {
  const place = await openPlace(t, closed)
  const { code, stderr } = await place.setup('--name', NAME, '--yes')
  assert.equal(code, 1)
  assert.match(stderr, /Not allowed: .*Authorization_RequestDenied/)
  assert.match(stderr, /Give entrance-request\.md to an administrator/)
  assert.deepEqual(place.applications(), [])
  const request = readFileSync(join(place.folder, 'entrance-request.md'), 'utf8')
  await runAsAdministrator(place, request)
  const again = await place.setup('--yes')
  assert.match(again.stderr, /there is nothing to do/)
  assert.equal(again.code, 0, again.stderr)
})

test('--output writes the request and changes nothing; run twice it makes one application', async (t) => {
  const place = await openPlace(t)
  const { code } = await place.setup('--name', NAME, '--output', 'request.md', '--admin-consent')
  assert.equal(code, 0)
  assert.deepEqual(place.applications(), [])
  assert.ok(!existsSync(join(place.folder, '.env')))
  const request = readFileSync(join(place.folder, 'request.md'), 'utf8')
  for (const word of ['New registration', 'Expose an API', 'mcp-access', 'az rest', 'PATCH http']) {
    assert.ok(request.includes(word), word)
  }
  const prose = request.split('## With the Azure CLI')[0] ?? ''
  assert.match(prose, /Application ID URI → Add: api:\/\/<its client id>/)
  assert.doesNotMatch(prose, /\$APP/)
  await runAsAdministrator(place, request)
  await runAsAdministrator(place, request)
  const [application] = place.applications()
  assert.equal(application?.displayName, NAME)
  assert.deepEqual(application?.identifierUris, [`api://${application?.appId}`])
  const { code: exit } = await place.setup('--admin-consent')
  assert.equal(exit, 0)
  assert.equal(place.applications().length, 1)
})

test('a request’s calls to Microsoft Graph, sent as they are written, make the same application', async (t) => {
  const place = await openPlace(t)
  const words = ['--name', NAME, '--admin-consent', '--pre-authorize', 'vscode']
  await place.setup(...words, '--output', 'request.md')
  const request = readFileSync(join(place.folder, 'request.md'), 'utf8')
  const token = await graphToken(place.emulator, 'Alice')
  const blanks = new Map<string, string>()
  for (const [, text = ''] of request.matchAll(/```http\n([\s\S]*?)\n```/g)) {
    const filled = text.replace(/\$(APP|OID|SP|GRAPH)\b/g, (blank) => blanks.get(blank) ?? blank)
    const [head = '', body] = filled.split('\n\n')
    const [line = '', ...headers] = head.split('\n')
    const [method = '', url = ''] = line.split(' ')
    const answer = await fetch(url, {
      method,
      headers: [...headers.map((one) => one.split(': ')), ['authorization', `Bearer ${token}`]] as [
        string,
        string,
      ][],
      ...(body !== undefined && { body }),
    })
    assert.ok(answer.ok, `${line}: ${await answer.clone().text()}`)
    const given = new Map(Object.entries(JSON.parse((await answer.text()) || '{}')))
    const id = String(given.get('id'))
    if (url.includes('uniqueName=')) blanks.set('$APP', String(given.get('appId'))).set('$OID', id)
    if (method === 'POST' && url.endsWith('/servicePrincipals')) blanks.set('$SP', id)
    if (method === 'GET') blanks.set('$GRAPH', id)
    if (given.has('secretText')) {
      const variables = ['ENTRA_PROXY_AZURE_CLIENT_SECRET', given.get('secretText')].join('=')
      writeFileSync(join(place.folder, '.env'), `${variables}\n`)
    }
  }
  const { code, stderr } = await place.setup(...words)
  assert.match(stderr, /nothing to do/)
  assert.equal(code, 0, stderr)
})

/** Runs the script of a request as Alice, who may; what it prints goes into .env. */
async function runAsAdministrator(place: Place, request: string): Promise<void> {
  const script = /```sh\n([\s\S]*?)\n```/.exec(request)?.[1]
  assert.ok(script)
  const alice = place.emulator.directory.users.find(({ displayName }) => displayName === 'Alice')
  if (alice) alice.directoryRoles = ['Global Administrator']
  const bin = installAz(
    join(place.folder, 'administrator'),
    await graphToken(place.emulator, 'Alice'),
  )
  const env = { PATH: `${bin}:${process.env.PATH}` }
  // Not spawnSync: the emulator answers in this very process.
  const { stdout } = await run('sh', ['-c', script], env)
  const printed = stdout.trim().split('\n')
  assert.ok(printed.length >= 3, stdout)
  writeFileSync(join(place.folder, '.env'), `${printed.join('\n')}\n`)
}

async function run(program: string, args: string[], env: Record<string, string>) {
  return new Promise<{ stdout: string; stderr: string }>((resolve, reject) => {
    execFile(program, args, { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`))
      else resolve({ stdout, stderr })
    })
  })
}

test('who may register but not consent for all does the one and asks for the other', async (t) => {
  const place = await openPlace(t, { roles: [] })
  const { code, stderr } = await place.setup('--name', NAME, '--yes', '--admin-consent')
  assert.equal(code, 1, stderr)
  assert.equal(place.applications().length, 1)
  const request = readFileSync(join(place.folder, 'entrance-request.md'), 'utf8')
  assert.match(request, /Please change the app registration/)
  assert.match(request, /oauth2PermissionGrants/)
  assert.doesNotMatch(request, /addPassword/)
  assert.ok(place.dotEnv().ENTRA_PROXY_AZURE_CLIENT_SECRET)
  const file = readFileSync(join(place.folder, '.env'))
  await runAsAdministrator(place, request)
  writeFileSync(join(place.folder, '.env'), file)
  const again = await place.setup('--admin-consent')
  assert.match(again.stderr, /nothing to do/)
  assert.equal(again.code, 0, again.stderr)
})

test('with nobody signed in --output asks for a new application', async (t) => {
  const place = await openPlace(t)
  installAz(place.folder, '')
  const { code, stderr } = await place.setup(...['--name', NAME, '--output', 'request.md'])
  assert.equal(code, 0, stderr)
  assert.match(stderr, /Nobody is signed in/)
  await runAsAdministrator(place, readFileSync(join(place.folder, 'request.md'), 'utf8'))
  assert.equal(place.applications().length, 1)
  const id = place.applications()[0]?.appId ?? ''
  const known = await place.setup('--client-id', id, '--output', 'request.md')
  assert.equal(known.code, 1)
  assert.match(known.stderr, /cannot be looked at/)
})

for (const [what, secretPolicy, cure] of [
  ['forbids secrets', { isBlocked: true, maxDays: null }, /--credential certificate/],
  ['limits how long they live', { isBlocked: false, maxDays: 90 }, /--secret-days/],
] as const) {
  test(`a tenant that ${what} says so, and with what it takes it goes on where it stopped`, async (t) => {
    const place = await openPlace(t)
    const [tenant] = place.emulator.directory.tenants
    if (tenant) tenant.secretPolicy = { ...secretPolicy }
    const { code, stderr } = await place.setup('--name', NAME, '--yes')
    assert.equal(code, 1)
    assert.match(stderr, cure)
    const other = secretPolicy.isBlocked ? ['--credential', 'certificate'] : ['--secret-days', '60']
    const again = await place.setup('--name', NAME, '--yes', ...other)
    assert.equal(again.code, 0, again.stderr)
    assert.equal(place.applications().length, 1)
  })
}

test('killed behind any of its writes and run again, it ends with one application', async (t) => {
  const place = await openPlace(t)
  const { emulator } = place
  const writes = () =>
    emulator.seen.filter((one) => one.endpoint.startsWith('graph') && one.method !== 'GET').length
  // Each run is let live for one write more than the one before, until one comes to its end.
  for (let lives = 1, isDone = false; !isDone; lives++) {
    const before = writes()
    using running = place.start('--name', NAME, '--yes')
    const ended = running.finished.then(({ code }) => {
      isDone = code !== null
      return true
    })
    while (writes() - before < lives && !isDone) await setImmediate()
    running.child.kill('SIGKILL')
    await ended
    assert.ok(place.applications().length <= 1)
    assert.ok(lives < 10, 'it gets further each time')
  }
  const again = await place.setup('--name', NAME)
  assert.match(again.stderr, /nothing to do/)
  assert.equal(again.code, 0, again.stderr)
  const [application] = place.applications()
  assert.equal(application?.api.oauth2PermissionScopes.length, 1)
  assert.equal(
    application?.passwordCredentials.at(-1)?.secretText,
    place.dotEnv().ENTRA_PROXY_AZURE_CLIENT_SECRET,
  )
})

test('where people may not consent it is not said that they can sign in', async (t) => {
  const place = await openPlace(t, { roles: ['Global Administrator'] })
  const [tenant] = place.emulator.directory.tenants
  if (tenant) tenant.allowUserConsent = false
  const { code, stderr } = await place.setup('--name', NAME, '--yes')
  assert.equal(code, 1, stderr)
  assert.match(stderr, /nobody has consented for everybody: nobody gets in yet/)
  assert.doesNotMatch(stderr, /Ready|in some minutes/)
  const again = await place.setup('--name', NAME, '--yes', '--admin-consent')
  assert.equal(again.code, 0, again.stderr)
  const third = await place.setup()
  assert.equal(third.code, 0, third.stderr)
})

test('a request never takes the place of another file', async (t) => {
  const place = await openPlace(t)
  const file = join(place.folder, '.env')
  writeFileSync(file, 'A=1\n')
  const { code, stderr } = await place.setup('--name', NAME, '--output', '.env')
  assert.equal(code, 1)
  assert.match(stderr, /it is there, and no request/)
  assert.equal(readFileSync(file, 'utf8'), 'A=1\n')
})

test('an administrator in another cloud is told how to change to it, and nothing in the script is run that was a value', () => {
  const text = renderRequest({
    desired: { redirectUris: [], scopes: [] } as unknown as DesiredRegistration,
    ...{ differences: [], application: undefined, tenantId: 'x' },
    origin: 'https://graph.microsoft.us',
    variables: new Map([['ENTRANCE_URL', 'https://a.example/$(touch ran)']]),
  })
  assert.match(
    text,
    /az cloud set --name AzureUSGovernment && az login --allow-no-sub.* --tenant x/,
  )
  assert.match(text, /^echo 'ENTRANCE_URL=https:\/\/a\.example\/\$\(touch ran\)'$/m)
})

test('nobody signed in is told how to, by each way', async (t) => {
  const place = await openPlace(t)
  installAz(place.folder, '')
  const { code, stderr } = await place.setup('--yes')
  assert.equal(code, 1)
  assert.match(stderr, /Nobody is signed in/)
  assert.match(stderr, /az login/)
  assert.match(stderr, /--token device-code/)
  assert.match(stderr, /ENTRANCE_GRAPH_TOKEN/)
})

test('what is wrong with the options is told at once, before anybody is asked', async (t) => {
  const place = await openPlace(t)
  const { code, stderr } = await place.setup(
    ...['--url', 'http://u:pass-word@expenses.example.com/mcp', '--client-id', 'x'],
    ...['--credential', 'magic', '--issuer', 'http://a.example', '--name', 'a\nb'],
  )
  assert.equal(code, 2)
  for (const name of [
    '--url',
    'ENTRA_PROXY_AZURE_CLIENT_ID',
    '--credential',
    '--issuer',
    '--name',
  ]) {
    assert.ok(stderr.includes(name), stderr)
  }
  assert.ok(!stderr.includes('pass-word'))
  assert.equal(place.emulator.seen.filter(({ endpoint }) => endpoint.startsWith('graph')).length, 0)
})

test('a tenant that does not exist, and a client id that is not in this one, are said to be so', async (t) => {
  const place = await openPlace(t)
  const tenant = await place.setup('--tenant-id', 'nowhere.example', '--yes')
  assert.match(tenant.stderr, /There is no tenant 'nowhere\.example'/)
  const id = '99999999-0000-4000-8000-000000000000'
  const client = await place.setup('--client-id', id, '--yes')
  assert.equal(client.code, 1)
  assert.match(client.stderr, /There is no application 99999999/)
})

test('an option that would do nothing is refused, and each says what it goes with', async (t) => {
  const place = await openPlace(t)
  for (const [words, said] of [
    [['--issuer', 'https://a.example'], /--issuer\n.*goes with --credential workload-identity/],
    [['--subject', 'a'], /--subject\n.*goes with --credential managed-identity/],
    [['--new-secret', '--credential', 'certificate'], /--new-secret\n.*--credential secret/],
    [
      ['--secret-days', '9', '--credential', 'managed-identity'],
      /--secret-days\n.*--credential secret/,
    ],
    [['--login-client', 'a', '--token', 'az'], /--login-client\n.*goes with --token device-code/],
    [['--credential', 'managed-identity', '--subject', 'a'], /'a' is not an object id/],
  ] as const) {
    const { code, stderr } = await place.setup(...words, '--yes')
    assert.equal(code, 2, stderr)
    assert.match(stderr, said)
  }
  assert.deepEqual(place.applications(), [])
})
