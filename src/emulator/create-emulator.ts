import type { Log } from '../log.ts'
import { type AadstsError, aadsts } from './aadsts-error.ts'
import { type Behaviour, resolveBehaviour } from './behaviour.ts'
import type { Call } from './call.ts'
import { type Clock, createClock } from './clock.ts'
import { type CloudName, findCloud } from './cloud.ts'
import { type Access, isByOwnName, refuseForeignName } from './control/access.ts'
import { answerControl, isControlPath } from './control/answer-control.ts'
import { createDirectory, type DirectoryOptions } from './create-directory.ts'
import type { Directory } from './directory.ts'
import { answerWithFaults } from './faults/answer-with-faults.ts'
import { createFaults } from './faults/create-faults.ts'
import type { Faults } from './faults/fault.ts'
import { answerGraph, isGraphPath } from './graph/answer.ts'
import { issueToken, type TokenRequest } from './issue-token.ts'
import { GRAPH_APP_ID } from './microsoft-graph.ts'
import { correlationIdOf, readForm } from './params.ts'
import type { ReplicationOptions } from './replication.ts'
import { answerCall, findRoute, type Route, refuse } from './router.ts'
import { noteRequest, type SeenRequest } from './seen.ts'
import { readBrowser } from './sign-in/browser.ts'
import { createSts, type Sts } from './sts.ts'

export type EmulatorOptions = {
  /** Where it is reached, e.g. `https://login.example:8443`. @default 'http://localhost:8400' */
  origin?: string
  /** Which of Microsoft's clouds its documents and v1 tokens look like. @default 'public' */
  cloud?: CloudName
  /** What it does where Entra's own behaviour is uncertain or has changed. */
  behaviour?: Partial<Behaviour>
  /** Tenants, users, applications … A list that is left out is the seed's. */
  directory?: DirectoryOptions
  /** A file for keys, consents and what Graph wrote: they survive a restart. @default in memory */
  dataFile?: string
  /** Seconds that writes through Microsoft Graph take to arrive. @default none */
  replication?: ReplicationOptions
  /** The time in milliseconds since the epoch. @default Date.now */
  now?: () => number
  /**
   * Hosts that the keys of federated credentials' issuers may be fetched from, by https, besides
   * this machine: `token.actions.githubusercontent.com`. @default none
   */
  issuerHosts?: readonly string[]
  /** Told of each step. @default silent */
  log?: Log
}

/** A stand-in for Microsoft Entra ID. */
export type Emulator = {
  fetch(request: Request): Promise<Response>
  readonly origin: string
  /** The id of the first tenant. */
  readonly tenantId: string
  /** The first application, and its first secret. */
  readonly application: { readonly clientId: string; readonly clientSecret: string }
  /** Change it at will: the next answer follows from it. */
  readonly directory: Directory
  /** The latest 500 requests, oldest first. */
  readonly seen: readonly SeenRequest[]
  /** The emulator's time, which can be put forward: `clock.advance(3600)`. */
  readonly clock: Clock
  /** Outages: throttling, dropped connections, broken answers. */
  readonly faults: Faults
  /** Directory, clock, faults and `seen` are as they were at the start; keys stay. */
  reset(): void
  /** Signs with a new key from now on; the former one stays published. Gives the `kid`s. */
  rotateKeys(): Promise<string[]>
  /** An access token that nobody has to sign in for, to test what takes tokens with. */
  issueToken(request?: TokenRequest): Promise<string>
  close(): Promise<void>
}

/** Makes an emulator that answers requests in this process; `startEmulator` makes one that listens. */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  return openEmulator(options).emulator
}

/** An emulator, and the service inside it. */
export function openEmulator(
  options: EmulatorOptions,
  access: Access = { isLocal: false, hasControl: false },
): { emulator: Emulator; sts: Sts } {
  const { origin, host } = new URL(options.origin ?? 'http://localhost:8400')
  // Objects of its own: to change one of them changes nothing that `reset` begins with.
  const newDirectory = () => nameGraph(createDirectory(structuredClone(options.directory)), host)
  const directory = newDirectory()
  const clock = createClock(options.now ?? Date.now)
  const faults = createFaults()
  const sts = openSts(options, { origin, directory, now: clock.now })
  const seen: SeenRequest[] = []
  const emulator: Emulator = {
    fetch: async (request) => {
      if (access.isLocal && !isByOwnName(request, origin)) return refuseForeignName(request)
      if (isControlPath(request)) return answerControl({ emulator, sts, access }, request)
      const withFaults = { faults, now: clock.now, seen }
      return answerWithFaults(withFaults, request, () => answer({ sts, seen, access }, request))
    },
    origin: sts.origin,
    get tenantId() {
      return directory.tenants[0]?.id ?? ''
    },
    get application() {
      return firstApplication(directory)
    },
    directory,
    seen,
    clock,
    faults,
    reset: () => {
      sts.reset(newDirectory())
      clock.reset()
      faults.clear()
      seen.length = 0
    },
    rotateKeys: async () => (await sts.rotateKeys()).map(({ kid }) => kid),
    issueToken: (request) => issueToken(sts, request),
    close: async () => sts.close(),
  }
  return { emulator, sts }
}

function openSts(
  options: EmulatorOptions,
  place: { origin: string; directory: Directory; now: () => number },
): Sts {
  return createSts({
    ...place,
    cloud: findCloud(options.cloud ?? 'public'),
    behaviour: resolveBehaviour(options.behaviour),
    dataFile: options.dataFile,
    replication: options.replication ?? {},
    log: options.log ?? (() => {}),
    issuerHosts: options.issuerHosts ?? [],
  })
}

function firstApplication({ applications: [first] }: Directory): Emulator['application'] {
  const clientSecret = first?.passwordCredentials[0]?.secretText ?? ''
  return { clientId: first?.appId ?? '', clientSecret }
}

/** Microsoft Graph is served here, too, and answers to the name that people come by. */
function nameGraph(directory: Directory, host: string): Directory {
  const graph = directory.applications.find(({ appId }) => appId === GRAPH_APP_ID)
  const identifierUri = `https://${host}`
  if (graph?.identifierUris.includes(identifierUri) === false) {
    graph.identifierUris.push(identifierUri)
  }
  return directory
}

type Context = { readonly sts: Sts; readonly seen: SeenRequest[]; readonly access: Access }

async function answer(context: Context, request: Request): Promise<Response> {
  const { sts, seen } = context
  const url = new URL(request.url)
  if (isGraphPath(url.pathname)) {
    const response = await answerGraph(sts, request, url)
    const { pathname: path, searchParams: params } = url
    const { method } = request
    noteRequest(seen, { endpoint: 'graph', path, method, params, status: response.status })
    return response
  }
  const found = findRoute(url.pathname)
  if (!found) return plain(404, 'Not found.')
  const { route } = found
  if (!route.methods.includes(request.method)) {
    return plain(405, 'Method not allowed.', { allow: route.methods.join(', ') })
  }
  const { call, problem } = await readCall(context, request, found, url)
  const response = problem ? refuse(route, call, problem) : await answerCall(route, call)
  record(seen, route, call, response.status)
  return response
}

type Found = { readonly route: Route; readonly segment: string }

/** A body that cannot be read makes no call, but is answered like one. */
async function readCall(
  { sts, access }: Context,
  request: Request,
  { route, segment }: Found,
  url: URL,
): Promise<{ call: Call; problem: AadstsError | undefined }> {
  const query = url.searchParams
  const browser = await readBrowser(sts, request)
  const read = await readForm(request).catch(() => undefined)
  const form = read ?? new URLSearchParams()
  const correlationId = correlationIdOf(request, query, form)
  const call = {
    sts: route.isManagement ? sts : { ...sts, directory: sts.replication.seenBy('signIn') },
    request,
    segment,
    query,
    form,
    correlationId,
    browser,
    access,
  }
  return { call, problem: read ? undefined : aadsts(90100) }
}

function record(seen: SeenRequest[], route: Route, call: Call, status: number): void {
  const params = new URLSearchParams([...call.query, ...call.form])
  noteRequest(seen, { endpoint: route.name, method: call.request.method, params, status })
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    },
  })
}
