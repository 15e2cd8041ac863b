import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { suite, test } from 'node:test'
import { parse } from 'smol-toml'
import { findServer } from '../../../src/cli/connect/find-server.ts'
import { mergeToml } from '../../../src/cli/connect/toml-file.ts'
import { clientsFor } from '../../../src/connect/clients.ts'
import { json, serve } from './server.ts'

const find = (url: string) => findServer(new URL(url), new AbortController().signal)

suite('a server', () => {
  const answer =
    (status: number, text: string): RequestListener =>
    (_, response) => {
      response.statusCode = status
      response.end(text)
    }
  for (const [title, listener, expected] of [
    [
      'that knows no metadata',
      answer(404, 'no'),
      /does not say how to sign in to it \(404\).*\/mcp\?/,
    ],
    ['whose answer is no JSON', answer(200, '<html>'), /does not say how to sign in to it \(200\)/],
    [
      'whose answer has no end',
      ((_, response) => {
        response.on('error', () => {})
        const more = () => {
          while (!response.destroyed && response.write(' '.repeat(16_384)));
          if (!response.destroyed) response.once('drain', more)
        }
        more()
      }) as RequestListener,
      /does not say how to sign in to it/,
    ],
    [
      'that sends us elsewhere',
      ((_, response) => {
        response.writeHead(302, { location: 'http://127.0.0.1:1/secret' }).end()
      }) as RequestListener,
      /redirects to http:\/\/127.0.0.1:1\/secret, which is not followed/,
    ],
    [
      'that calls itself by another address, with what would act on a terminal in it',
      json({ resource: 'https://evil\u001b[2J.example.com/\u202emcp' }),
      /The server calls itself https:\/\/evil\.example\.com\/mcp, and clients refuse/,
    ],
    [
      'that breaks off',
      ((request) => request.socket.destroy()) as RequestListener,
      /the connection was cut|broke off/,
    ],
    ['that never answers', (() => {}) as RequestListener, /it does not answer/],
  ] as const) {
    test(`${title} hinders nobody, and the warning says so`, async (t) => {
      const { url } = await serve(t, listener)
      const { name, warning = '' } = await find(url)
      assert.equal(name, undefined)
      assert.match(warning, expected)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there.
      assert.doesNotMatch(warning, /[\u001b\u202e]/)
    })
  }

  for (const [name, expected] of [
    ['"], "evil": ["', 'evil'],
    ['__proto__', 'proto'],
    ['x\n[mcp_servers.evil]\ncommand = "sh"', 'x-mcp-servers-evil-command-sh'],
    ['🙈', /^127-0-0-1-\d+$/],
    ['ä'.repeat(100_000).slice(0, 9000), /^a{32}$/],
    [7, /^127-0-0-1-\d+$/],
  ] as const) {
    test(`writes no more than a name by calling itself ${JSON.stringify(name).slice(0, 40)}`, async (t) => {
      const { url } = await serve(t, json({ resource_name: name }))
      const found = await find(url)
      const client = clientsFor({ name: found.name ?? '', url }).find(({ id }) => id === 'codex')
      assert.ok(client?.file)
      const wanted = { container: 'mcp_servers', name: client.file.name, entry: client.file.entry }
      const { text } = mergeToml('', wanted)
      const [only = '', ...more] = Object.keys(parse(text).mcp_servers ?? {})
      assert.deepEqual([more, Object.keys(parse(text))], [[], ['mcp_servers']])
      assert.ok(typeof expected === 'string' ? only === expected : expected.test(only), only)
    })
  }
})
