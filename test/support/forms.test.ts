import assert from 'node:assert/strict'
import { test } from 'node:test'
import { html } from '../../src/http/html.ts'
import { parseForms, textOf } from './forms.ts'

const BASE = new URL('http://localhost:8000/consent?request=x')

test('a form is read with what it would send', () => {
  const { markup } = html`<form method="post" action="/consent?a=1&amp;b=2">
<input type="hidden" name="request" value="${'<"&\'>'}">
<input name="user" value="alice"><input type="checkbox" name="stay" checked>
<input type="checkbox" name="no" value="1"><input name="off" value="1" disabled>
<textarea name="note">${'a & b'}</textarea>
<select name="cloud"><option value="a">A</option><option value="b" selected>B</option></select>
<button name="action" value="allow"><span>Allow</span> Access</button>
<button type="button">Nothing</button>
</form>`
  const [form] = parseForms(markup, BASE)
  assert.equal(form?.action.href, 'http://localhost:8000/consent?a=1&b=2')
  assert.equal(form?.method, 'POST')
  assert.deepEqual(form?.fields, [
    ['request', '<"&\'>'],
    ['user', 'alice'],
    ['stay', 'on'],
    ['cloud', 'b'],
    ['note', 'a & b'],
  ])
  assert.deepEqual(form?.buttons, [{ label: 'Allow Access', name: 'action', value: 'allow' }])
})

test('a form without an action goes back to its page', () => {
  const [form] = parseForms('<form><button>Go</button></form>', BASE)
  assert.equal(form?.action.href, BASE.href)
  assert.equal(form?.method, 'GET')
})

test('the text of a page leaves out what is not read', () => {
  const { markup } = html`<style>p { color: red }</style><h1>Sign
in</h1><span aria-hidden="true">A</span><p>${'<Alice>'}</p>`
  assert.equal(textOf(markup), 'Sign in <Alice>')
})
