import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Fault } from '../fault.ts'
import { dotEnv } from '../portal.ts'
import type { World } from '../world.ts'

/** A date that is so many seconds off, on every answer of Entra's. */
const shiftClock =
  (seconds: number) =>
  ({ inFrontOfEntra }: World) =>
    void inFrontOfEntra.push(async (request, next) => {
      const response = await next(request)
      const headers = new Headers(response.headers)
      headers.set('date', new Date(Date.now() + seconds * 1000).toUTCString())
      return new Response(response.body, { status: response.status, headers })
    })

const setClock = ({ inFrontOfEntra }: World) => void inFrontOfEntra.pop()

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

/** What is wrong on the way to Entra, or with what answers there. */
export const networkFaults: readonly Fault[] = [
  {
    name: "the login host's name cannot be looked up",
    plant: failTo('ENOTFOUND'),
    finding: 'entra.reach.name',
    says: /there is no host of that name/,
    cure: openTheWay,
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
  },
  {
    name: 'the login host does not answer in time',
    plant: failTo('TimeoutError'),
    finding: 'entra.reach.silent',
    says: /does not answer/,
    cure: openTheWay,
  },
  {
    name: 'a proxy of the company opens TLS, and its certificate is not known',
    plant: failTo('SELF_SIGNED_CERT_IN_CHAIN'),
    finding: 'entra.reach.certificate',
    says: /NODE_EXTRA_CA_CERTS/,
    cure: openTheWay,
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
  },
  {
    name: 'the clock is two minutes behind',
    plant: shiftClock(120),
    finding: 'clock.skew',
    status: 'warning',
    says: /seconds behind/,
    cure: setClock,
  },
  {
    name: 'the clock is ten minutes ahead',
    plant: shiftClock(-600),
    finding: 'clock.wrong',
    says: /seconds ahead/,
    cure: setClock,
  },
  {
    name: 'a page to sign in to the network answers in place of Entra',
    plant: inPlaceOfEntra('openid-configuration', () =>
      html('<title>Welcome to the guest network</title>'),
    ),
    finding: 'entra.metadata.not-entra',
    says: /Welcome to the guest network/,
    cure: letThrough,
  },
  {
    name: 'Entra is throttling',
    plant: inPlaceOfEntra('openid-configuration', () => new Response('', { status: 429 })),
    finding: 'entra.metadata.busy',
    status: 'warning',
    says: /status 429/,
    cure: letThrough,
  },
  {
    name: "a firewall keeps Entra's keys away",
    plant: inPlaceOfEntra('discovery', () => new Response('Blocked', { status: 403 })),
    finding: 'entra.keys.unreachable',
    says: /status 403/,
    cure: letThrough,
  },
  {
    name: 'the key set is empty',
    plant: inPlaceOfEntra('discovery', () => Response.json({ keys: [] })),
    finding: 'entra.keys.none',
    says: /no RSA key/,
    cure: letThrough,
  },
  {
    name: 'the tenant is one that Entra does not know',
    plant: ({ env }) => {
      env.AZURE_TENANT_ID = '5f6b1a8e-0000-4000-8000-00000000abcd'
    },
    finding: 'entra.metadata.tenant',
    says: /AADSTS90002/,
    cure: dotEnv.copyIds,
  },
  {
    name: 'the tenant is a domain that Entra does not know',
    plant: ({ env }) => {
      env.AZURE_TENANT_ID = 'contoso.example'
    },
    finding: 'entra.metadata.tenant',
    says: /AADSTS90002/,
    cure: dotEnv.copyIds,
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
  },
]

function html(body: string): Response {
  return new Response(body, { headers: { 'content-type': 'text/html' } })
}
