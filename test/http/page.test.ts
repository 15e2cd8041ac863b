import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { html } from '../../src/http/html.ts'
import { errorMark, page, successMark } from '../../src/http/page.ts'
import { PAGE_STYLE } from '../../src/http/page-style.ts'

const BODY = html`<main class="card"><h1>Hello</h1></main>`

test('the policy allows exactly the stylesheet that the page carries', async () => {
  const response = page({ title: 'Hello', body: BODY })
  const style = /<style>([\s\S]*?)<\/style>/.exec(await response.text())?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  const policy = response.headers.get('content-security-policy') ?? ''
  assert.ok(policy.includes(`style-src 'sha256-${hash}';`), `page-style.ts must say sha256-${hash}`)
})

test('the policy allows no script, no frame and no base, and leaves form targets free', () => {
  const policy = page({ title: 'Hello', body: BODY }).headers.get('content-security-policy') ?? ''
  assert.match(policy, /^default-src 'none';/)
  assert.match(policy, /base-uri 'none'/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.doesNotMatch(policy, /form-action|script-src|unsafe-inline|https?:/)
})

test('every page carries the whole set of headers', () => {
  const { headers, status } = page({ title: 'Hello', body: BODY })
  assert.equal(status, 200)
  const expected: readonly (readonly [string, string])[] = [
    ['content-type', 'text/html; charset=utf-8'],
    ['x-frame-options', 'DENY'],
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'same-origin'],
    ['cache-control', 'no-store'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['x-robots-tag', 'noindex'],
  ]
  for (const [name, value] of expected) assert.equal(headers.get(name), value, name)
  assert.match(headers.get('permissions-policy') ?? '', /camera=\(\)/)
})

test('status and headers of the caller are taken, one of the same name replacing the page’s', () => {
  const headers = { 'set-cookie': 'a=b', 'referrer-policy': 'no-referrer' }
  const response = page({ title: 'Hello', body: BODY, status: 400, headers })
  assert.equal(response.status, 400)
  assert.equal(response.headers.get('set-cookie'), 'a=b')
  assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
})

test('a title is escaped', async () => {
  const text = await page({ title: '</title><script>alert(1)</script>', body: BODY }).text()
  assert.ok(text.includes('<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;</title>'))
  assert.ok(!text.includes('<script'))
})

test('a document names its language and fits a narrow screen', async () => {
  const text = await page({ title: 'Hello', body: BODY }).text()
  assert.ok(text.startsWith('<!doctype html>\n<html lang="en">'))
  assert.ok(text.includes('<meta name="viewport" content="width=device-width, initial-scale=1">'))
})

test('neither the frame nor the marks point anywhere outside or style inline', async () => {
  const body = html`<main class="card">${successMark}${errorMark}</main>`
  const text = await page({ title: 'Hello', body }).text()
  assert.doesNotMatch(text, /\s(?:src|href|action)="(?!data:)/)
  assert.doesNotMatch(text, /@import|url\(|<link rel="stylesheet"|\sstyle="/)
})

const [LIGHT = '', DARK = ''] = PAGE_STYLE.split('@media (prefers-color-scheme: dark)').map(
  (part) => part.slice(0, part.indexOf('}')),
)

/** Text and what it stands on, then the lines that have to be seen: WCAG 2.2 §1.4.3 and §1.4.11. */
const PAIRS: readonly (readonly [string, string, number])[] = [
  ['text', 'card', 4.5],
  ['muted', 'card', 4.5],
  ['link', 'card', 4.5],
  ['on-primary', 'primary', 4.5],
  ['on-primary', 'primary-hover', 4.5],
  ['text', 'secondary', 4.5],
  ['text', 'secondary-hover', 4.5],
  ['text', 'info', 4.5],
  ['text', 'warning', 4.5],
  ['text', 'neutral', 4.5],
  ['muted', 'neutral', 4.5],
  ['primary', 'card', 3],
  ['control', 'card', 3],
  ['success', 'card', 4.5],
  ['error', 'card', 4.5],
  ['error', 'error-ground', 4.5],
  ['success', 'success-ground', 3],
  ['error', 'error-ground', 3],
]

for (const [scheme, rules] of [
  ['light', LIGHT],
  ['dark', DARK],
] as const) {
  test(`every colour has the contrast of WCAG AA on its ground (${scheme})`, () => {
    for (const [over, under, least] of PAIRS) {
      const ratio = contrast(colour(rules, over), colour(rules, under))
      assert.ok(ratio >= least, `${over} on ${under}: ${ratio.toFixed(2)}, not ${least}`)
    }
  })
}

function colour(rules: string, name: string): string {
  const value = new RegExp(`--${name}: #([0-9a-f]{6});`).exec(rules)?.[1]
  assert.ok(value, `no colour --${name}`)
  return value
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
