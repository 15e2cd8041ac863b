import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Finding } from '../../../../src/cli/doctor/finding.ts'
import { createEmulator } from '../../../../src/emulator/emulator.ts'
import type { Fault } from '../fault.ts'
import { dotEnv } from '../portal.ts'
import type { World } from '../world.ts'

const shiftClock =
  (seconds: number) =>
  ({ setEntraClock }: World) =>
    setEntraClock(seconds)

const setClock = shiftClock(0)

/** Answers in place of Entra where the path has this in it. */
const inPlaceOfEntra =
  (part: string, answer: () => Response) =>
  ({ inFrontOfEntra }: World) =>
    void inFrontOfEntra.push((request, next) =>
      new URL(request.url).pathname.includes(part) ? answer() : next(request),
    )

const letThrough = ({ inFrontOfEntra }: World) => void inFrontOfEntra.pop()

const failTo = (code: string) => (world: World) =>
  void world.unreachable.set(world.emulator.origin, code)

const openTheWay = ({ unreachable }: World) => unreachable.clear()

const useAnother = ({ env, emulator }: World) => {
  env.ENTRANCE_AUTHORITY = emulator.origin
}

/** A server that cuts every connection. */
async function openSocket(): Promise<{ server: Server; origin: string }> {
  const server = createServer((socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** The real login host, behind a company's proxy that does not let this server through. */
const behindProxy =
  (status: number) =>
  ({ env, unreachable, elsewhere, cleanup, emulator: { directory } }: World) => {
    const entra = createEmulator({ origin: PUBLIC, directory })
    cleanup.push(() => entra.close())
    elsewhere.set(PUBLIC, async (request) => entra.fetch(request))
    unreachable.set(PUBLIC, `proxy ${status}`)
    env.HTTPS_PROXY = 'http://proxy.example.com:8080'
    env.ENTRANCE_AUTHORITY = 'public'
  }

function goByProxy({ unreachable }: World, { portal }: Finding): void {
  if (!portal?.join(' ').includes('Check HTTPS_PROXY')) throw new Error('no cure')
  unreachable.clear()
}

const PUBLIC = 'https://login.microsoftonline.com'
const US_GOVERNMENT = 'https://login.microsoftonline.us'

/** What is wrong on the way to Entra, or with what answers there. */
export const networkFaults: readonly Fault[] = [
  {
    name: "the login host's name cannot be looked up",
    plant: failTo('ENOTFOUND'),
    finding: 'entra.reach.name',
    says: /there is no host of that name/,
    cure: openTheWay,
    signIn: {
      where: 'page',
      says: /is not answering: its name is not known here.*check the connection/,
    },
  },
  {
    name: 'nothing listens at the login host',
    plant: async ({ env }) => {
      const { server, origin } = await openSocket()
      await new Promise((done) => server.close(done))
      env.ENTRANCE_AUTHORITY = origin
    },
    finding: 'entra.reach.refused',
    says: /nothing listens there/,
    cure: useAnother,
    signIn: {
      where: 'page',
      says: /is not answering: the connection is refused.*check the connection/,
    },
  },
  {
    name: 'the login host does not answer in time',
    plant: failTo('TimeoutError'),
    finding: 'entra.reach.silent',
    says: /does not answer/,
    cure: openTheWay,
    signIn: { where: 'page', says: /is not answering: it takes too long.*check the connection/ },
  },
  {
    name: 'a proxy of the company opens TLS, and its certificate is not known',
    plant: failTo('SELF_SIGNED_CERT_IN_CHAIN'),
    finding: 'entra.reach.certificate',
    says: /NODE_EXTRA_CA_CERTS/,
    cure: openTheWay,
    signIn: { where: 'page', says: /its certificate is not trusted here.*NODE_EXTRA_CA_CERTS/ },
  },
  {
    name: 'the connection to the login host is cut',
    plant: async ({ env, cleanup }) => {
      const { server, origin } = await openSocket()
      cleanup.push(() => server.close())
      env.ENTRANCE_AUTHORITY = origin
    },
    finding: 'entra.reach.cut',
    says: /the connection was cut/,
    cure: useAnother,
    signIn: {
      where: 'page',
      says: /is not answering: the connection breaks off.*check the connection/,
    },
  },
  {
    name: 'the clock is two minutes behind',
    plant: shiftClock(120),
    finding: 'clock.skew',
    status: 'warning',
    says: /seconds behind/,
    cure: setClock,
    signIn: { where: 'none', because: 'Entra and this server allow for five minutes.' },
  },
  {
    name: 'the clock is ten minutes ahead',
    plant: shiftClock(-600),
    finding: 'clock.wrong',
    says: /seconds ahead/,
    cure: setClock,
    signIn: {
      where: 'none',
      because:
        'a secret has no times in it, and the tokens last longer; with a certificate: AADSTS700024.',
    },
  },
  {
    name: 'the clock is half an hour behind',
    plant: shiftClock(1800),
    finding: 'clock.wrong',
    says: /seconds behind/,
    cure: setClock,
    signIn: { where: 'page', says: /cannot be accepted: .*"nbf".*Check the clock/ },
  },
  {
    name: 'a proxy lets nothing through without a password',
    plant: behindProxy(407),
    finding: 'entra.reach.proxy',
    says: /the proxy of HTTPS_PROXY or HTTP_PROXY fails.*407/,
    cure: goByProxy,
    signIn: { where: 'page', says: /wants a user name and a password \(407\).*HTTPS_PROXY/ },
  },
  {
    name: 'a proxy refuses to connect to Entra',
    plant: behindProxy(403),
    finding: 'entra.reach.proxy',
    says: /the proxy of HTTPS_PROXY or HTTP_PROXY fails.*403/,
    cure: goByProxy,
    signIn: { where: 'page', says: /the proxy refuses to connect \(403\).*HTTPS_PROXY/ },
  },
  {
    name: 'a page to sign in to the network answers in place of Entra',
    plant: inPlaceOfEntra('openid-configuration', () =>
      html('<title>Welcome to the guest network</title>'),
    ),
    finding: 'entra.metadata.not-entra',
    says: /Welcome to the guest network/,
    cure: letThrough,
    signIn: {
      where: 'page',
      says: /what it answered is not OpenID metadata.*check the connection/,
    },
  },
  {
    name: 'Entra is throttling',
    plant: inPlaceOfEntra('openid-configuration', () => new Response('', { status: 429 })),
    finding: 'entra.metadata.busy',
    status: 'warning',
    says: /status 429/,
    cure: letThrough,
    signIn: { where: 'page', says: /it answered with status 429.*Try again in a moment/ },
  },
  {
    name: "a firewall keeps Entra's keys away",
    plant: inPlaceOfEntra('discovery', () => new Response('Blocked', { status: 403 })),
    finding: 'entra.keys.unreachable',
    says: /status 403/,
    cure: letThrough,
    signIn: {
      where: 'page',
      says: /signing keys cannot be read.*what answers gives no keys.*Then start the sign-in again/,
    },
  },
  {
    name: 'the key set is empty',
    plant: inPlaceOfEntra('discovery', () => Response.json({ keys: [] })),
    finding: 'entra.keys.none',
    says: /no RSA key/,
    cure: letThrough,
    signIn: {
      where: 'page',
      says: /no applicable key found.*Have firewall and proxy let this server read the keys/,
    },
  },
  {
    name: 'the tenant is one that Entra does not know',
    plant: ({ env }) => {
      env.AZURE_TENANT_ID = '5f6b1a8e-0000-4000-8000-00000000abcd'
    },
    finding: 'entra.metadata.tenant',
    says: /AADSTS90002/,
    cure: dotEnv.copyIds,
    signIn: { where: 'page', says: /knows no tenant '5f6b1a8e.*AZURE_TENANT_ID/ },
  },
  {
    name: 'the tenant is a domain that Entra does not know',
    plant: ({ env }) => {
      env.AZURE_TENANT_ID = 'contoso.example'
    },
    finding: 'entra.metadata.tenant',
    says: /AADSTS90002/,
    cure: dotEnv.copyIds,
    signIn: { where: 'page', says: /knows no tenant 'contoso\.example'.*AZURE_TENANT_ID/ },
  },
  {
    name: 'the tenant is one of another cloud',
    plant: ({ env, elsewhere, emulator, cleanup }) => {
      const { directory } = emulator
      const cloud = createEmulator({ origin: US_GOVERNMENT, cloud: 'usgov', directory })
      cleanup.push(() => cloud.close())
      elsewhere.set(US_GOVERNMENT, async (request) => cloud.fetch(request))
      // Each login host knows of the tenants of others, and says whose they are.
      elsewhere.set(PUBLIC, async ({ url }) =>
        cloud.fetch(new Request(url.replace(PUBLIC, US_GOVERNMENT))),
      )
      env.ENTRANCE_AUTHORITY = 'public'
    },
    finding: 'entra.metadata.cloud',
    says: /The tenant signs in at https:\/\/login\.microsoftonline\.us/,
    cure: ({ env }, { command }) => {
      env.ENTRANCE_AUTHORITY = command?.split('=')[1] as string
    },
    signIn: { where: 'page', says: /belongs to .*Set ENTRANCE_AUTHORITY to usgov/ },
  },
  {
    name: "the metadata is another tenant's",
    plant: ({ inFrontOfEntra, emulator }) =>
      void inFrontOfEntra.push(async (request, next) => {
        const response = await next(request)
        const other = '5f6b1a8e-0000-4000-8000-00000000abcd'
        const text = (await response.text()).replaceAll(emulator.tenantId, other)
        return new Response(text, { status: response.status, headers: response.headers })
      }),
    finding: 'entra.metadata.other',
    says: /another issuer than the tenant/,
    cure: letThrough,
    signIn: {
      where: 'page',
      says: /metadata is not that of the tenant.*Check ENTRANCE_AUTHORITY and AZURE_TENANT_ID/,
    },
  },
]

function html(body: string): Response {
  return new Response(body, { headers: { 'content-type': 'text/html' } })
}
