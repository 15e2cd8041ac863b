import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Check, Facts } from '../../../src/cli/doctor/check.ts'
import { CHECKS } from '../../../src/cli/doctor/checks.ts'
import { readFacts } from '../../../src/cli/doctor/facts.ts'
import { error, type Finding, ok, warning } from '../../../src/cli/doctor/finding.ts'
import { renderFindings } from '../../../src/cli/doctor/report.ts'
import { runChecks } from '../../../src/cli/doctor/run-checks.ts'
import { widthOf } from '../../../src/cli/terminal.ts'
import { createTestTerminal } from './world.ts'

const plain = (width: number) => ({ width, format: (_: string, text: string) => text })

const LONG: Finding = {
  id: 'entra.authorize.redirect-uri',
  status: 'error',
  what: 'The redirect URI is not one that is registered, and this sentence goes on for a while.',
  expected: 'https://expenses.example.com/auth/callback',
  found: 'https://expenses.example.com/auth/callback/ is registered',
  portal: ['App registrations, the application, Authentication: Web, Redirect URIs'],
  command: `az ad app update --id 1 --web-redirect-uris ${'https://expenses.example.com/ '.repeat(5)}`,
}

suite('a report', () => {
  for (const width of [40, 60, 100]) {
    test(`of ${width} columns breaks lines, and no command or address`, () => {
      const lines = renderFindings([LONG], plain(width))
      const command = lines.find((line) => line.includes('$ az')) ?? ''
      assert.ok(
        command.endsWith(LONG.command?.trimEnd() ?? '') || command.includes(LONG.command ?? ''),
      )
      for (const line of lines.filter((one) => one !== command)) {
        const words = line.trim().split(' ')
        assert.ok(line.length <= width || words.some((word) => word.length > width - 14), line)
      }
      assert.ok(lines.join('\n').includes('https://expenses.example.com/auth/callback/'))
    })
  }

  test('has what is expected right above what was found', () => {
    const lines = renderFindings([LONG], plain(100))
    const at = lines.findIndex((line) => line.includes('expected:'))
    assert.match(lines[at + 1] ?? '', /found:/)
    assert.equal(lines[at]?.indexOf('https'), lines[at + 1]?.indexOf('https'))
  })

  test('shows nothing that would act on a terminal', () => {
    const found = '\u001b[2J\u001b]0;title\u0007\u202eevil'
    assert.match(renderFindings([{ ...LONG, found }], plain(100)).join('\n'), /found: +evil/)
  })
})

const facts = readFacts({}) as Facts
const { terminal } = createTestTerminal({})
const io = { env: {}, fetch, now: Date.now, signal: new AbortController().signal, terminal }

function check(id: string, finding: Finding, rest: Partial<Check> = {}): Check {
  return { id, title: '', faults: new Map(), run: () => ({ findings: [finding] }), ...rest }
}

suite('the runner', () => {
  test('skips what builds on an error, and says on which', async () => {
    const findings = await runChecks(
      [
        check('a', error('a', 'x', 'No.', {})),
        check('b', ok('b', 'Yes.'), { needs: ['a'] }),
        check('c', ok('c', 'Yes.'), { needs: ['b'] }),
        check('d', ok('d', 'Yes.'), { unless: ['a.x'] }),
        check('e', ok('e', 'Yes.'), { unless: ['a.y', 'b'] }),
      ],
      facts,
      io,
    )
    assert.deepEqual(
      findings.map(({ id, status }) => `${id} ${status}`),
      ['a.x error', 'b skipped', 'c skipped', 'd skipped', 'e ok'],
    )
    assert.match(findings[1]?.what ?? '', /a has to be mended first/)
  })

  test('goes on after a warning', async () => {
    const checks = [
      check('a', warning('a', 'x', 'Hm.', {})),
      check('b', ok('b', 'Yes.'), { unless: ['a'] }),
    ]
    const findings = await runChecks(checks, facts, io)
    assert.equal(findings[1]?.status, 'ok')
  })
})

test('a check needs only what stands before it, and every fault has a meaning', () => {
  const before = new Set<string>()
  for (const { id, needs = [], unless = [], faults } of CHECKS) {
    for (const other of needs) assert.ok(before.has(other), `${id} needs ${other}`)
    const known = [
      ...before,
      ...CHECKS.flatMap((one) => [...one.faults.keys()].map((word) => `${one.id}.${word}`)),
    ]
    for (const other of unless) assert.ok(known.includes(other), `${id} unless ${other}`)
    for (const [word, meaning] of faults) assert.match(meaning, /\.$/, `${id}.${word}`)
    before.add(id)
  }
})

suite('the metadata of a tenant', () => {
  const at = (authority: string, change: Record<string, unknown>) => {
    const tenant = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
    const base = `${authority}/${tenant}`
    const document = {
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      ...change,
    }
    const given: Facts = {
      ...facts,
      problems: [],
      entra: { ...facts.entra, authority, tenantId: tenant, isEmulator: false },
    }
    const answer: typeof fetch = async () => Response.json(document)
    return runChecks(
      CHECKS.filter(({ id }) => /^(config\.entra|entra\.(reach|metadata))$/.test(id)),
      given,
      { ...io, fetch: answer },
    )
  }

  for (const [authority, cloud_instance_name, expected] of [
    ['https://login.microsoftonline.com', 'microsoftonline.com', 'entra.metadata'],
    ['https://login.microsoftonline.com', 'microsoftonline.us', 'entra.metadata.cloud'],
    ['https://login.microsoftonline.com', 'partner.microsoftonline.cn', 'entra.metadata.cloud'],
    ['https://login.microsoftonline.us', 'microsoftonline.com', 'entra.metadata.cloud'],
    ['https://login.microsoftonline.us', 'microsoftonline.us', 'entra.metadata'],
  ] as const) {
    test(`at ${authority} of ${cloud_instance_name} is ${expected}`, async () => {
      const findings = await at(authority, { cloud_instance_name })
      assert.equal(findings.at(-1)?.id, expected, JSON.stringify(findings.at(-1)))
    })
  }

  test('that another host issues is refused', async () => {
    const issuer = 'https://evil.example/160007d1-3e33-4d24-b261-9a263d8f2ed0/v2.0'
    const findings = await at('https://login.microsoftonline.com', { issuer })
    assert.equal(findings.at(-1)?.id, 'entra.metadata.other')
  })

  test('of External ID may be issued by the host that has the id for a name', async () => {
    const tenant = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
    const issuer = `https://${tenant}.ciamlogin.com/${tenant}/v2.0`
    const findings = await at('https://contoso.ciamlogin.com', { issuer })
    assert.equal(findings.at(-1)?.status, 'ok', JSON.stringify(findings.at(-1)))
  })

  test('that sends the code elsewhere is refused', async () => {
    const findings = await at('https://login.microsoftonline.com', {
      token_endpoint: 'https://evil.example/token',
    })
    assert.equal(findings.at(-1)?.id, 'entra.metadata.other')
  })
})

test('a terminal that has not been told its size gets lines of 100 columns', () => {
  for (const [columns, width] of [
    [0, 100],
    [undefined, 100],
    [240, 100],
    [80, 80],
  ] as const) {
    assert.equal(widthOf(createTestTerminal({}, columns).terminal), width)
  }
})
