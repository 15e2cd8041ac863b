import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { createAudit } from '../../src/core/audit.ts'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import { joinObservers } from '../../src/core/observer.ts'
import { AUDIT_EVENTS, type AuditEvent } from '../../src/index.ts'
import { createAuditLines } from '../../src/operator/audit-lines.ts'

const SECRET = 'a master key that is long enough for a test'
const PERSON = { oid: 'o', tid: 't', name: 'Alice', preferred_username: 'alice@example.com' }

function openAudit(names = true) {
  const lines: string[] = []
  const observe = joinObservers([
    createAuditLines({ write: (line) => void lines.push(line), names }),
  ])
  return { lines, ...createAudit({ observe, keyring: createKeyring([{ secret: SECRET }]) }) }
}

suite('the audit log', () => {
  test('docs/audit.md lists every event with what it means, and no other', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/audit.md'), 'utf8')
    const rows = [...text.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \| (.+) \|$/gm)]
    assert.deepEqual(Object.fromEntries(rows.map(([, name, what]) => [name, what])), AUDIT_EVENTS)
  })

  test('where nobody takes it, is still what names the sign-in that a trace belongs to', () => {
    const transactions: string[] = []
    const observe = joinObservers([{ transaction: (id) => void transactions.push(id) }])
    assert.equal(observe.audit, undefined)
    const { audit } = createAudit({ observe, keyring: createKeyring([{ secret: SECRET }]) })
    audit({ event: 'token.issued', outcome: 'success', person: PERSON, transaction: 'the one' })
    assert.deepEqual(transactions, ['the one'])
  })

  test('a client’s name can write no line of its own', () => {
    const { audit, lines } = openAudit()
    const name = 'VS Code\n{"event":"forged"}\r\u2028\u202e\u0000'
    audit({
      event: 'token.issued',
      outcome: 'success',
      person: PERSON,
      client: { digest: 'd', name },
    })
    assert.equal(lines.length, 1)
    assert.doesNotMatch(lines.join('').trimEnd(), /[\p{C}\p{Zl}]|\\[nru]/u)
    assert.equal(JSON.parse(lines.join('')).event, 'token.issued')
  })

  test('no text of any field breaks a line, fills one, or cannot be read by a strict parser', () => {
    const { audit, lines } = openAudit()
    const bad = [
      ...[
        'a\nb',
        'a\r\n{"event":"forged"}',
        'a\u2028b\u2029',
        'a\u0085\u0000\u001b[2J',
        '\ud83d',
        'a\udc00',
      ],
      ...['\u202ereversed', '\ufeff', '"}{"', '😀'.repeat(5000), `${'a'.repeat(199)}😀`],
    ]
    for (const text of bad) {
      audit({
        ...{ event: 'operator.user_blocked', outcome: 'failure', actor: text, reason: text },
        person: { oid: text, tid: text, name: text, preferred_username: text },
        client: { digest: 'd', name: text },
        ...{ address: text, tool: text, grant: text, transaction: text, scope: text },
        ...{ entraTraceId: text, key: text },
      })
    }
    assert.equal(lines.length, bad.length)
    for (const line of lines) {
      assert.match(line, /^[^\n]*\n$/)
      assert.doesNotMatch(line.trimEnd(), /[\p{C}\p{Zl}\p{Zp}]|\\[nrtu]/u)
      assert.ok(line.length < 4000, `${line.length} characters`)
      assert.equal(JSON.parse(line).event, 'operator.user_blocked')
    }
  })

  test('what was left out is said when the server ends', () => {
    const { audit, close, lines } = openAudit()
    for (let i = 0; i < 61; i++) audit({ event: 'consent.denied', outcome: 'denied' })
    close()
    close()
    assert.equal(lines.length, 61)
    assert.partialDeepStrictEqual(JSON.parse(lines.at(-1) ?? ''), {
      event: 'audit.suppressed',
      count: 1,
    })
  })

  test('a name that is long or holds a secret is cut and masked', () => {
    const { audit, lines } = openAudit()
    const names = [SECRET, `c1.${'a'.repeat(22)}.0.k.b.m`, 'x y '.repeat(1000)]
    for (const name of names) {
      audit({ event: 'token.issued', outcome: 'success', person: { ...PERSON, name } })
    }
    const written = lines.map((line) => JSON.parse(line).name as string)
    assert.doesNotMatch(written[0] ?? '', /master key/)
    assert.doesNotMatch(written[1] ?? '', /aaaa/)
    assert.ok((written[2] ?? '').length <= 200)
  })

  test('no part of a secret that the cut goes through is left', () => {
    const { audit, lines } = openAudit()
    const texts = [SECRET, `r1.${'aB3_'.repeat(6).slice(0, 22)}.0.k.b.m`, 'x9Y_'.repeat(11)]
    for (const text of texts) {
      for (let before = 160; before <= 200; before++) {
        const name = `${'- '.repeat(100).slice(0, before - 1)} ${text}`
        audit({ event: 'token.issued', outcome: 'success', person: { ...PERSON, name } })
      }
    }
    for (const line of lines) {
      assert.match(JSON.parse(line).name, /^[ -]+\[?\.{0,3}\]?$/)
    }
  })

  test('with names off a line has the ids of a person, and no name', () => {
    const { audit, lines } = openAudit(false)
    audit({ event: 'token.issued', outcome: 'success', person: PERSON })
    assert.match(lines.join(''), /"oid":"o","tid":"t"/)
    assert.doesNotMatch(lines.join(''), /alice/i)
  })

  test('a storm of strangers is bounded, counted, and does not keep a person out', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { audit, lines } = openAudit()
    const stranger: AuditEvent = { event: 'consent.denied', outcome: 'denied' }
    for (let i = 0; i < 1000; i++) audit(stranger)
    assert.equal(lines.length, 60)
    audit({ event: 'token.issued', outcome: 'success', person: PERSON })
    assert.equal(lines.length, 61)
    t.mock.timers.tick(60_000)
    assert.partialDeepStrictEqual(JSON.parse(lines.at(-1) ?? ''), {
      event: 'audit.suppressed',
      count: 940,
    })
    audit(stranger)
    assert.equal(lines.length, 63)
  })
})
