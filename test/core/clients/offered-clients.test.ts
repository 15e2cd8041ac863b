import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OfferedBy, offered } from './offered.ts'

const ON_LOOPBACK = 'vscode cursor claude-code codex gemini-cli inspector entrance'
const ON_INTERNET = 'vscode cursor claude claude-code codex gemini-cli inspector entrance'
const INTERNET = 'https://expenses.example.com'

const EDITOR = {
  client_id: 'editor',
  redirect_uris: ['https://vscode.dev/redirect'],
  token_endpoint_auth_method: 'none',
} as const

const CASES: readonly (readonly [what: string, given: OfferedBy, clients: string])[] = [
  ['registration open, on loopback', {}, ON_LOOPBACK],
  ['registration open, on the internet', { url: INTERNET }, ON_INTERNET],
  ['the port that http has by itself', { url: 'http://localhost' }, ON_LOOPBACK],
  ['an allow list of one client', { registration: { allow: ['vscode'] } }, 'vscode'],
  [
    'an allow list of one address that several clients have',
    { registration: { allow: ['inspector'] } },
    'gemini-cli inspector',
  ],
  [
    'an allow list of loopback',
    { registration: { allow: ['loopback'] } },
    'vscode claude-code codex gemini-cli inspector entrance',
  ],
  [
    'an allow list with Cursor’s own scheme',
    { registration: { allow: ['cursor://anysphere.cursor-mcp/oauth/callback'] } },
    'cursor',
  ],
  ['an allow list of Claude', { url: INTERNET, registration: { allow: ['claude'] } }, 'claude'],
  ['an allow list of Claude on loopback', { registration: { allow: ['claude'] } }, ''],
  [
    'an allow list of something else',
    { registration: { allow: ['https://app.example.com/callback'] } },
    '',
  ],
  [
    'no private-use scheme, Cursor’s neither',
    { privateUseRedirectUris: [] },
    ON_LOOPBACK.replace('cursor ', ''),
  ],
  ['registration off', { url: INTERNET, registration: { mode: 'off' } }, ''],
  [
    'registration off, and a client of the configuration that goes by VS Code’s addresses',
    {
      registration: { mode: 'off' },
      clients: [EDITOR],
    },
    '',
  ],
]

for (const [what, given, clients] of CASES) {
  test(`with ${what}, these are offered: ${clients || 'none'}`, () => {
    assert.equal(offered(given).join(' '), clients)
  })
}
