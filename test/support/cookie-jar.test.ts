import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCookieJar } from './cookie-jar.ts'

const NAVIGATION = { method: 'GET', isCrossSite: false }

/** A jar that was given these `Set-Cookie` lines at an address. */
function jarWith(url: string, ...lines: string[]) {
  const jar = createCookieJar()
  jar.store(new URL(url), new Headers(lines.map((line) => ['set-cookie', line])))
  return jar
}

test('a cookie goes to every port of its host and to no other host', () => {
  const jar = jarWith('http://localhost:1000/', 'a=1; Path=/')
  assert.equal(jar.header(new URL('http://localhost:2000/x'), NAVIGATION), 'a=1')
  assert.equal(jar.header(new URL('http://127.0.0.1:1000/'), NAVIGATION), undefined)
})

test('a cookie goes only below its path, the longer path first', () => {
  const jar = jarWith('http://localhost/', 'a=1; Path=/', 'b=2; Path=/auth')
  assert.equal(jar.header(new URL('http://localhost/auth/callback'), NAVIGATION), 'b=2; a=1')
  assert.equal(jar.header(new URL('http://localhost/author'), NAVIGATION), 'a=1')
})

test('a __Host- cookie is taken only with Secure, Path=/ and no Domain', () => {
  const good = '__Host-a=1; Path=/; Secure'
  const bad = [
    '__Host-b=1; Path=/',
    '__Host-c=1; Path=/x; Secure',
    `__Host-d=1; Path=/; Secure; Domain=localhost`,
  ]
  const jar = jarWith('http://localhost/', good, ...bad)
  assert.deepEqual(
    jar.all().map(({ name }) => name),
    ['__Host-a'],
  )
})

test('a Secure cookie is refused over plain http, but on loopback', () => {
  assert.equal(jarWith('http://example.com/', 'a=1; Secure').all().length, 0)
  assert.equal(jarWith('http://127.0.0.1/', 'a=1; Secure').all().length, 1)
})

test('across sites, Lax goes with a GET only and Strict never', () => {
  const lines = [
    'lax=1; SameSite=Lax',
    'strict=1; SameSite=Strict',
    'none=1; SameSite=None; Secure',
  ]
  const jar = jarWith('https://example.com/', ...lines)
  const url = new URL('https://example.com/')
  assert.equal(jar.header(url, { method: 'GET', isCrossSite: true }), 'lax=1; none=1')
  assert.equal(jar.header(url, { method: 'POST', isCrossSite: true }), 'none=1')
})

test('a cookie that is over is deleted', () => {
  const jar = jarWith('http://localhost/', 'a=1; Path=/', 'b=1; Path=/')
  jar.store(new URL('http://localhost/'), new Headers([['set-cookie', 'a=; Path=/; Max-Age=0']]))
  assert.equal(jar.header(new URL('http://localhost/'), NAVIGATION), 'b=1')
})
