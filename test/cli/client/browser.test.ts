import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browserCommand, canOpenBrowser } from '../../../src/cli/client/browser.ts'

const URL_WITH_EVERYTHING = new URL('https://example.com/a?b=c&d=$(touch /tmp/x);`id`|"\'%^ e')

test('the address is one argument, whatever is in it', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    const command = browserCommand(URL_WITH_EVERYTHING, platform)
    assert.equal(command.at(-1), URL_WITH_EVERYTHING.href)
    assert.ok(!command.some((part) => /^(cmd|sh|powershell)/.test(part)))
  }
})

test('attack: an address that is no web address opens nothing', () => {
  for (const text of ['file:///etc/passwd', 'vscode://x', 'javascript:alert(1)', 'ms-msdt:/id']) {
    assert.deepEqual(browserCommand(new URL(text), 'linux'), [], text)
    assert.deepEqual(browserCommand(new URL(text), 'win32'), [], text)
  }
})

test('without a screen no browser is opened', () => {
  assert.ok(!canOpenBrowser({}, 'linux'))
  assert.ok(canOpenBrowser({ DISPLAY: ':0' }, 'linux'))
  assert.ok(canOpenBrowser({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux'))
  assert.ok(canOpenBrowser({ BROWSER: 'firefox' }, 'linux'))
  assert.ok(canOpenBrowser({}, 'darwin'))
  assert.ok(canOpenBrowser({}, 'win32'))
})
