import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault } from '../fault.ts'
import type { Front, World } from '../world.ts'

type Answer = (request: Request, url: URL) => Response | undefined

/** A proxy that answers some requests itself. */
const inFront = (answer: Answer) => (world: World) =>
  void world.inFrontOfServer.push((request, next) => {
    return answer(request, new URL(request.url)) ?? next(request)
  })

/** A proxy that rewrites what the server answered. */
const rewriting =
  (rewrite: (response: Response, request: Request) => Response | Promise<Response>) =>
  (world: World) => {
    const front: Front = async (request, next) => rewrite(await next(request), request)
    world.inFrontOfServer.push(front)
  }

/** A proxy that rewrites the text of some answers. */
const replacing = (path: string, from: string, to: string) =>
  rewriting(async (response, request) => {
    if (!new URL(request.url).pathname.startsWith(path)) return response
    const text = (await response.text()).replaceAll(from, to)
    return new Response(text, { status: response.status, headers: jsonHeaders(response) })
  })

function jsonHeaders({ headers }: Response): Headers {
  const copy = new Headers(headers)
  copy.delete('content-length')
  return copy
}

const withHeaders = (response: Response, change: (headers: Headers) => void): Response => {
  const headers = new Headers(response.headers)
  change(headers)
  return new Response(response.body, { status: response.status, headers })
}

/** Has the proxy do what the finding says: pass everything on. */
const passOn = ({ inFrontOfServer }: World) => void inFrontOfServer.pop()

const page = (status: number, title: string, headers: Record<string, string> = {}) =>
  new Response(`<!doctype html><title>${title}</title><h1>${title}</h1>`, {
    status,
    headers: { 'content-type': 'text/html', ...headers },
  })

const redirect = (location: string) => new Response(null, { status: 302, headers: { location } })

const isPublic = true

/** What is wrong with how a deployment is reached. */
export const deploymentFaults: readonly Fault[] = [
  {
    name: 'nothing listens at the public address',
    plant: ({ unreachable, url }) => void unreachable.set(url, 'ECONNREFUSED'),
    finding: 'server.reach.refused',
    says: /nothing listens there/,
    cure: ({ unreachable }) => unreachable.clear(),
    isPublic,
    signIn: { where: 'client', says: /nothing listens there\. Is the server running/ },
  },
  {
    name: "the public address's certificate has expired",
    plant: ({ unreachable, url }) => void unreachable.set(url, 'CERT_HAS_EXPIRED'),
    finding: 'server.reach.certificate',
    says: /certificate has expired/,
    cure: ({ unreachable }) => unreachable.clear(),
    isPublic,
    signIn: { where: 'client', says: /its certificate has expired\. Whoever runs the server/ },
  },
  {
    name: "the public address's name is not in DNS",
    plant: ({ unreachable, url }) => void unreachable.set(url, 'ENOTFOUND'),
    finding: 'server.reach.name',
    says: /no host of that name/,
    cure: ({ unreachable }) => unreachable.clear(),
    isPublic,
    signIn: { where: 'client', says: /there is no host of that name\. .*is the address right/ },
  },
  {
    name: "Easy Auth redirects to Entra's sign-in",
    plant: inFront(() =>
      redirect('https://login.microsoftonline.com/common/oauth2/authorize?client_id=x'),
    ),
    finding: 'server.challenge.easy-auth',
    says: /Easy Auth/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'client',
      says: /status 302, to https:\/\/login\S+\)\. .*\(Easy Auth\).*doctor --public/,
    },
  },
  {
    name: 'Easy Auth answers 401 itself',
    plant: inFront(
      () =>
        new Response('You do not have permission to view this directory or page.', {
          status: 401,
          headers: {
            'www-authenticate':
              'Bearer realm="x.azurewebsites.net" authorization_uri="https://login.windows.net/t/oauth2/authorize"',
          },
        }),
    ),
    finding: 'server.challenge.easy-auth',
    says: /authentication: allow unauthenticated access/i,
    cure: passOn,
    isPublic,
    signIn: { where: 'client', says: /status 401\)\. .*\(Easy Auth\).*doctor --public/ },
  },
  {
    name: 'a firewall challenges everybody who is no browser',
    plant: inFront(() => page(403, 'Just a moment...', { 'cf-mitigated': 'challenge' })),
    finding: 'server.challenge.firewall',
    says: /Just a moment/,
    cure: passOn,
    isPublic,
    signIn: { where: 'client', says: /Just a moment.*firewall or bot protection.*doctor --public/ },
  },
  {
    name: 'a firewall blocks clients that call themselves Claude-User',
    plant: inFront((request) =>
      /Claude/.test(request.headers.get('user-agent') ?? '')
        ? page(403, 'Access denied')
        : undefined,
    ),
    finding: 'server.user-agents.blocked',
    says: /Claude-User: status 403/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'client',
      says: /Access denied.*firewall or bot protection.*doctor --public/,
      userAgent: 'Claude-User',
    },
  },
  {
    name: 'a firewall blocks clients that are made with python-httpx',
    plant: inFront((request) =>
      /httpx/.test(request.headers.get('user-agent') ?? '') ? page(403, 'Denied') : undefined,
    ),
    finding: 'server.user-agents.blocked',
    says: /python-httpx\S*: status 403/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'client',
      says: /Denied.*firewall or bot protection.*doctor --public/,
      userAgent: 'python-httpx/0.28.1',
    },
  },
  {
    name: 'the proxy has nothing behind it',
    plant: inFront(() => page(502, 'Bad Gateway', { server: 'nginx' })),
    finding: 'server.challenge.gateway',
    says: /nginx/,
    cure: passOn,
    isPublic,
    signIn: { where: 'client', says: /status 502.*no answer from the server.*doctor --public/ },
  },
  {
    name: "a company's portal answers with a page",
    plant: inFront(() => page(200, 'Sign in to Contoso')),
    finding: 'server.challenge.login-page',
    says: /Sign in to Contoso/,
    cure: passOn,
    isPublic,
    signIn: { where: 'client', says: /Sign in to Contoso.*A page answers.*doctor --public/ },
  },
  {
    name: 'the proxy redirects /mcp to /mcp/',
    plant: inFront((_, { pathname }) => (pathname === '/mcp' ? redirect('/mcp/') : undefined)),
    finding: 'server.challenge.redirect',
    says: /status 302, to \S+\/mcp\//,
    cure: passOn,
    isPublic,
    signIn: { where: 'client', says: /redirects \(302\), which is not followed.*doctor --public/ },
  },
  {
    name: 'the proxy redirects /mcp/ to /mcp',
    plant: inFront((_, { pathname }) => (pathname === '/mcp/' ? redirect('/mcp') : undefined)),
    finding: 'server.slash.redirect',
    status: 'warning',
    says: /status 302/,
    cure: passOn,
    isPublic,
    signIn: { where: 'none', because: 'This client goes by the address without the slash.' },
  },
  {
    name: 'the proxy does not route /mcp',
    plant: inFront((_, { pathname }) => (pathname === '/mcp' ? page(404, 'Not found') : undefined)),
    finding: 'server.challenge.not-found',
    says: /Route the path to the server/,
    cure: passOn,
    isPublic,
    signIn: { where: 'client', says: /the server answered 404\b.*doctor --public/ },
  },
  {
    name: 'the MCP server is not guarded',
    plant: inFront((_, { pathname }) =>
      pathname === '/mcp' ? Response.json({ jsonrpc: '2.0', id: 1, result: {} }) : undefined,
    ),
    finding: 'server.challenge.open',
    says: /Everybody who knows the address/,
    cure: passOn,
    isPublic,
    signIn: { where: 'none', because: 'Whoever asks is let in.' },
  },
  {
    name: 'the proxy removes WWW-Authenticate',
    plant: rewriting((response) =>
      withHeaders(response, (headers) => headers.delete('www-authenticate')),
    ),
    finding: 'server.challenge.bare',
    says: /no WWW-Authenticate/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'none',
      because: 'This client looks for the metadata by itself; others give up.',
    },
  },
  {
    name: 'the proxy passes another Host on',
    plant: ({ inFrontOfServer }) =>
      void inFrontOfServer.push((request, next) => {
        const headers = new Headers(request.headers)
        headers.set('host', 'backend.internal')
        return next(new Request(request, { headers }))
      }),
    finding: 'server.challenge.host',
    says: /backend\.internal/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'client',
      says: /The Host header 'backend\.internal' is not a name of this server.*doctor --public/,
    },
  },
  {
    name: 'the server takes itself for one at another address',
    plant: async ({ env, restart, serverEnv }) => {
      serverEnv.ENTRANCE_URL = env.ENTRANCE_URL?.replace('localhost', '127.0.0.1') as string
      serverEnv.ENTRANCE_URL += '/expenses'
      await restart()
    },
    finding: 'server.challenge.address',
    says: /The server takes itself for/,
    cure: ({ serverEnv }, { command }) => {
      serverEnv.ENTRANCE_URL = command?.split('=')[1] as string
    },
    isPublic,
    signIn: {
      where: 'client',
      says: /says that it is \S+\/expenses\/mcp.* Use \S+ as the address/,
    },
  },
  {
    name: 'the proxy cuts off the path below which people find the server',
    plant: ({ app, url, inFrontOfServer, serverEnv, env }) => {
      app.web.redirectUris.push(`${url}/expenses/auth/callback`)
      const isBelow = () => (serverEnv.ENTRANCE_URL ?? env.ENTRANCE_URL)?.endsWith('/expenses')
      inFrontOfServer.push((request, next) =>
        next(isBelow() ? request : new Request(request.url.replace('/expenses', ''), request)),
      )
    },
    finding: 'server.challenge.address',
    says: /The server takes itself for/,
    cure: ({ serverEnv }, { command }) => {
      serverEnv.ENTRANCE_URL = command?.split('=')[1] as string
    },
    signIn: { where: 'client', says: /says that it is \S+\/mcp: .* Use \S+ as the address/ },
    at: ({ url }) => `${url}/expenses`,
    isPublic,
  },
  {
    name: 'a proxy in front speaks HTTPS, and the server thinks it is at http',
    plant: ({ app, elsewhere, url }) => {
      const secure = withTls(url)
      app.web.redirectUris.push(`${secure}/auth/callback`)
      elsewhere.set(secure, (request) => fetch(new Request(toPlain(request.url), request)))
    },
    finding: 'server.challenge.insecure',
    says: /ENTRANCE_URL/,
    cure: ({ serverEnv }, { command }) => {
      serverEnv.ENTRANCE_URL = command?.split('=')[1] as string
    },
    signIn: { where: 'client', says: /says that it is http:.* Use http:\S+ as the address/ },
    at: ({ url }) => withTls(url),
    isPublic,
  },
  {
    name: 'the proxy does not route the metadata of the resource',
    plant: inFront((_, { pathname }) =>
      pathname.includes('oauth-protected-resource') ? page(404, 'Not found') : undefined,
    ),
    finding: 'server.resource-metadata.route',
    says: /Route \/\.well-known\/oauth-protected-resource\/mcp/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'none',
      because:
        "This client looks for the authorization server's metadata at the same host; others give up.",
    },
  },
  {
    name: 'the metadata of the resource is about another address',
    plant: replacing('/.well-known/oauth-protected-resource', '/mcp"', '/mcp/"'),
    finding: 'server.resource-metadata.resource',
    says: /\/mcp\//,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'client',
      says: /says that it is \S+\/mcp\/: .* Use \S+\/mcp\/ as the address/,
    },
  },
  {
    name: 'the metadata of the resource sends clients to Entra',
    plant: (world) => {
      const { origin, tenantId } = world.emulator
      const authorization_servers = [`${origin}/${tenantId}/v2.0`]
      rewriting(async (response, { url }) => {
        if (!url.includes('oauth-protected-resource')) return response
        const document = (await response.json()) as object
        return Response.json({ ...document, authorization_servers })
      })(world)
    },
    finding: 'server.resource-metadata.authorization-server',
    says: /\/v2\.0/,
    cure: passOn,
    isPublic,
    signIn: { where: 'client', says: /\/v2\.0 does not offer PKCE with S256.*doctor --public/ },
  },
  {
    name: 'the proxy does not route the metadata of the authorization server',
    plant: inFront((_, { pathname }) =>
      pathname.includes('oauth-authorization-server') ? page(404, 'Not found') : undefined,
    ),
    finding: 'server.metadata.route',
    says: /oauth-authorization-server/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'client',
      says: /what the server tells about itself is not complete.*doctor --public/,
    },
  },
  {
    name: 'another application answers at /.well-known/openid-configuration',
    plant: inFront((_, { pathname }) =>
      pathname.includes('openid-configuration')
        ? Response.json({ issuer: 'https://sso.example.com' })
        : undefined,
    ),
    finding: 'server.metadata.issuer',
    says: /sso\.example\.com/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'none',
      because: 'This client looks at /.well-known/oauth-authorization-server first.',
    },
  },
  {
    name: 'the issuer has a slash at its end',
    plant: rewriting(async (response, { url }) => {
      if (!url.includes('authorization-server')) return response
      const document = (await response.json()) as { issuer: string }
      return Response.json({ ...document, issuer: `${document.issuer}/` })
    }),
    finding: 'server.metadata.issuer',
    says: /character by character/,
    cure: passOn,
    isPublic,
    signIn: { where: 'client', says: /issuer mismatch.*doctor --public/ },
  },
  {
    name: 'PKCE is not advertised',
    plant: replacing('/.well-known', '"S256"', '"plain"'),
    finding: 'server.metadata.pkce',
    says: /S256/,
    cure: passOn,
    isPublic,
    signIn: { where: 'client', says: /does not offer PKCE with S256.*doctor --public/ },
  },
  {
    name: 'replicas have different keys',
    plant: async ({ inFrontOfServer, startReplica }) => {
      const other = await startReplica({ ENTRANCE_SECRET: 'the-other-key'.repeat(4) })
      let count = 0
      // What clients and doctor ask for more than once.
      inFrontOfServer.push((request, next) => {
        const isShared = /\/(jwks\.json|mcp)$/.test(new URL(request.url).pathname)
        return isShared && count++ % 2 === 1 ? other(request) : next(request)
      })
    },
    finding: 'server.replicas.keys',
    says: /ENTRANCE_SECRET/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'client',
      says: /signed with a key that this server does not hold\. Sign in again/,
    },
  },
  {
    name: 'a firewall blocks POST to /register',
    plant: inFront((_, { pathname }) =>
      pathname === '/register' ? page(403, 'Request blocked') : undefined,
    ),
    finding: 'server.registration.blocked',
    says: /Request blocked/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'client',
      says: /refuses the registration \(403\).*Request blocked.*doctor --public/,
    },
  },
  {
    name: 'the proxy answers preflights itself',
    plant: inFront(({ method }) =>
      method === 'OPTIONS' ? new Response(null, { status: 405 }) : undefined,
    ),
    finding: 'server.cors.preflight',
    status: 'warning',
    says: /status 405/,
    cure: passOn,
    isPublic,
    signIn: { where: 'none', because: 'Only clients that run in a web page ask.' },
  },
  {
    name: 'the proxy adds CORS headers as well',
    plant: rewriting((response) =>
      withHeaders(response, (headers) => headers.append('access-control-allow-origin', '*')),
    ),
    finding: 'server.cors.twice',
    status: 'warning',
    says: /\*, \*/,
    cure: passOn,
    isPublic,
    signIn: { where: 'none', because: 'Only clients that run in a web page look.' },
  },
  {
    name: 'the callback is not routed',
    plant: inFront((_, { pathname }) =>
      pathname.startsWith('/auth/') ? page(404, 'Not found') : undefined,
    ),
    finding: 'server.callback.route',
    says: /Route \/auth\/callback/,
    cure: passOn,
    isPublic,
    signIn: { where: 'front', says: /Not found/ },
  },
  {
    name: 'the proxy removes cookies',
    plant: rewriting((response) =>
      withHeaders(response, (headers) => headers.delete('set-cookie')),
    ),
    finding: 'server.sign-in.cookie',
    says: /Set-Cookie/,
    cure: passOn,
    isPublic,
    signIn: {
      where: 'page',
      says: /did not send the cookie that the consent page set.*Allow cookies/,
    },
  },
  {
    name: 'the pages of the sign-in are behind a firewall',
    plant: inFront((_, { pathname }) =>
      pathname === '/consent' ? page(403, 'Forbidden') : undefined,
    ),
    finding: 'server.sign-in.page',
    says: /Forbidden/,
    cure: passOn,
    isPublic,
    signIn: { where: 'front', says: /Forbidden/ },
  },
  {
    name: 'something in front has the form of the consent page lead elsewhere',
    plant: (world) => {
      world.unreachable.set('https://evil.example', 'ENOTFOUND')
      rewriting(async (response, { url, method }) => {
        if (method !== 'GET' || new URL(url).pathname !== '/consent') return response
        const text = (await response.text()).replace(
          /action="[^"]*"/,
          'action="https://evil.example/"',
        )
        return new Response(text, { status: response.status, headers: jsonHeaders(response) })
      })(world)
    },
    finding: 'server.sign-in.page',
    says: /consent page/,
    cure: passOn,
    isPublic,
    signIn: { where: 'browser', says: /evil\.example/ },
  },
  {
    name: 'a gateway in front adds resource to what goes to Entra',
    plant: rewriting((response) => {
      const location = response.headers.get('location')
      if (!location?.includes('/oauth2/v2.0/authorize')) return response
      return withHeaders(response, (headers) => headers.set('location', `${location}&resource=x`))
    }),
    finding: 'server.sign-in.resource',
    says: /resource=/,
    cure: passOn,
    isPublic,
    signIn: { where: 'page', says: /AADSTS9010010.*never sends the parameter resource/ },
  },
  {
    name: 'the server signs in with another application',
    plant: async ({ serverEnv, restart }) => {
      serverEnv.ENTRA_PROXY_AZURE_CLIENT_ID = '5f6b1a8e-0000-4000-8000-00000000abcd'
      await restart()
    },
    finding: 'server.sign-in.client-id',
    status: 'warning',
    says: /5f6b1a8e/,
    cure: ({ serverEnv }, { expected }) => {
      serverEnv.ENTRA_PROXY_AZURE_CLIENT_ID = expected as string
    },
    isPublic,
    signIn: { where: 'entra', says: /AADSTS700016: Application with identifier '5f6b1a8e/ },
  },
  {
    name: 'others on the machine can read the master keys',
    plant: ({ env }) => {
      delete env.ENTRANCE_SECRET
      mkdirSync(env.ENTRANCE_DATA as string)
      const key = { secret: 'x'.repeat(43), createdAt: new Date(0).toISOString() }
      const path = join(env.ENTRANCE_DATA as string, 'keys.json')
      writeFileSync(path, JSON.stringify({ keys: [key] }))
      chmodSync(path, 0o644)
    },
    finding: 'data.key-file.open',
    status: 'warning',
    says: /mode 644/,
    cure: (_, { command }) => void execFileSync('sh', ['-c', command as string]),
    signIn: { where: 'none', because: 'It is a danger, and no hindrance.' },
  },
  {
    name: 'others on the machine can read the expenses',
    plant: ({ env }) => {
      mkdirSync(env.ENTRANCE_DATA as string)
      const path = join(env.ENTRANCE_DATA as string, 'expenses.db')
      writeFileSync(path, '')
      chmodSync(path, 0o640)
    },
    finding: 'data.files.readable',
    status: 'warning',
    says: /expenses\.db(.|\n)*mode 640/,
    cure: (_, { command }) => void execFileSync('sh', ['-c', command as string]),
    signIn: { where: 'none', because: 'It is a danger, and no hindrance.' },
  },
  {
    name: 'a platform may run several replicas, and sign-ins are in a file',
    plant: ({ env }) => {
      env.KUBERNETES_SERVICE_HOST = '10.0.0.1'
    },
    finding: 'data.replicas.local',
    status: 'warning',
    says: /This is Kubernetes/,
    cure: ({ env }, { portal }) => {
      if (!portal?.join(' ').includes('ENTRANCE_REPLICAS=1')) throw new Error('no cure')
      env.ENTRANCE_REPLICAS = '1'
    },
    signIn: { where: 'none', because: 'With one replica there is nothing wrong.' },
  },
  {
    name: 'the store was written under another key',
    plant: async ({ env, start, restart }) => {
      await start()
      await restart()
      env.FORMER = env.ENTRANCE_SECRET as string
      env.ENTRANCE_SECRET = 'y'.repeat(43)
    },
    finding: 'data.store.key',
    says: /under a key that is not here(.|\n)*behind the current one/,
    cure: ({ env }) => {
      env.ENTRANCE_SECRET = `${env.ENTRANCE_SECRET},${env.FORMER}`
    },
    signIn: { where: 'start', says: /was written with key .* Give the key that/ },
  },
  {
    name: 'the store is not a database',
    plant: ({ env, folder }) => {
      const path = join(folder, 'grants.db')
      writeFileSync(path, 'something else '.repeat(100))
      env.ENTRANCE_STORE = `sqlite:${path}`
    },
    finding: 'data.store.broken',
    says: /grants\.db is not a database/,
    cure: ({ env, folder }) => {
      env.ENTRANCE_STORE = `sqlite:${join(folder, 'another.db')}`
    },
    signIn: { where: 'start', says: /grants\.db is not a database.* Restore it from a backup/ },
  },
]

/** The same host and port, as a proxy has it that speaks HTTPS. */
const withTls = (url: string) => url.replace('http:', 'https:')
const toPlain = (url: string) => url.replace('https:', 'http:')
