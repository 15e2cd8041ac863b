import { ConfigurationError } from '../configuration/configuration-error.ts'
import type { Emulator } from '../create-emulator.ts'
import { COLLECTIONS } from '../directory-changes.ts'
import type { Fault } from '../faults/fault.ts'
import type { SeenRequest } from '../seen.ts'
import type { Sts } from '../sts.ts'
import { type Access, isCrossSite } from './access.ts'
import { ControlError, readJson } from './read-json.ts'

const PREFIX = '/_emulator/'
const MAX_BODY = 5 * 1024 * 1024

/** Whether a request is for the control API. */
export function isControlPath(request: Request): boolean {
  return new URL(request.url).pathname.startsWith(PREFIX)
}

type ControlCall = {
  readonly emulator: Emulator
  readonly sts: Sts
  /** The JSON that came with a POST or PATCH. */
  readonly body: Readonly<Record<string, unknown>>
  /** What stands in the place of each `*`. */
  readonly segments: readonly string[]
}

type Route = (call: ControlCall) => unknown

/** What one can do: `METHOD path`, where `*` stands for one segment. */
const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['GET state', ({ emulator }) => state(emulator)],
  ['POST reset', ({ emulator }) => emulator.reset()],
  ['GET directory', ({ emulator }) => emulator.directory],
  ['PATCH directory', patch],
  ['DELETE directory/*/*', remove],
  ['POST clock', advance],
  ['POST keys', async ({ emulator }) => ({ keys: await emulator.rotateKeys() })],
  ['GET faults', ({ emulator }) => ({ faults: emulator.faults.list() })],
  ['POST faults', ({ emulator, body }) => emulator.faults.add(body as Fault)],
  ['DELETE faults', ({ emulator }) => emulator.faults.clear()],
  ['DELETE faults/*', removeFault],
  ['GET requests', ({ emulator }) => ({ requests: emulator.seen.map(withoutSecrets) })],
  ['GET sign-ins', ({ sts }) => ({ signIns: sts.signIns.entries() })],
  ['POST token', token],
])

/** Every `METHOD path` that there is. */
export const CONTROL_ROUTES: readonly string[] = [...ROUTES.keys()]

/** Answers a request below `/_emulator/`: JSON in, JSON out; 204 where there is nothing to say. */
export async function answerControl(
  { emulator, sts, access }: { emulator: Emulator; sts: Sts; access: Access },
  request: Request,
): Promise<Response> {
  try {
    refuseStrangers(access, request)
    const { route, segments } = findRoute(request)
    const hasBody = request.method === 'POST' || request.method === 'PATCH'
    const body = hasBody ? await readJson(request, MAX_BODY) : {}
    const value = await route({ emulator, sts, body, segments })
    return value === undefined ? new Response(null, { status: 204, headers: HEADERS }) : json(value)
  } catch (error) {
    return json(...explain(error))
  }
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: HEADERS })
}

function refuseStrangers(access: Access, request: Request): void {
  if (!access.isLocal || !access.hasControl) {
    const cure = access.isLocal
      ? 'Start the emulator with --control, or with control: true.'
      : 'It is there only while the emulator listens on loopback.'
    throw new ControlError(404, `The control API is switched off. ${cure}`)
  }
  if (isCrossSite(request)) throw new ControlError(403, 'The request comes from another site.')
}

function findRoute(request: Request): { route: Route; segments: string[] } {
  const path = new URL(request.url).pathname.slice(PREFIX.length)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const allowed: string[] = []
  for (const [key, route] of ROUTES) {
    const [wanted = '', pattern = ''] = key.split(' ')
    const segments = match(pattern, path)
    if (!segments) continue
    if (wanted === method) return { route, segments }
    allowed.push(wanted)
  }
  if (allowed.length > 0) throw new ControlError(405, `It takes ${allowed.join(', ')} here.`)
  const known = [...new Set([...ROUTES.keys()].map((key) => key.split(' ')[1]))]
  throw new ControlError(404, `There is no ${PREFIX}${path}. There are ${known.join(', ')}.`)
}

function match(pattern: string, path: string): string[] | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  if (wanted.length !== given.length) return undefined
  if (!wanted.every((part, i) => part === '*' || part === given[i])) return undefined
  return given.filter((_, i) => wanted[i] === '*').map(decodeSegment)
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function explain(error: unknown): [object, number] {
  if (error instanceof ControlError)
    return [{ error: error.message, ...error.details }, error.status]
  if (error instanceof ConfigurationError) {
    return [{ error: 'The directory cannot be so.', problems: error.problems }, 400]
  }
  if (error instanceof TypeError || error instanceof RangeError) {
    return [{ error: error.message }, 400]
  }
  return [{ error: `The emulator failed: ${(error as Error).message}` }, 500]
}

function state({ origin, tenantId, application, clock }: Emulator) {
  return { origin, tenantId, clientId: application.clientId, now: clock.now() }
}

/** The schema takes its time to load, and few need it. */
async function patch({ sts, body }: ControlCall): Promise<unknown> {
  const { patchDirectory } = await import('./patch-directory.ts')
  patchDirectory(sts, body)
  return sts.directory
}

function remove({ sts, segments: [name, id = ''] }: ControlCall): undefined {
  const collection = COLLECTIONS.find((one) => one === name)
  const items: readonly { id: string }[] = collection ? sts.directory[collection] : []
  if (!collection || !items.some((item) => item.id === id)) {
    throw new ControlError(404, `There is nothing with the id ${id} in ${name}.`)
  }
  sts.remove(collection, id)
  sts.save()
}

function advance({ emulator, body }: ControlCall) {
  if (typeof body.advance !== 'number') {
    throw new ControlError(400, 'advance has to be a number of seconds.')
  }
  emulator.clock.advance(body.advance)
  return { now: emulator.clock.now() }
}

function removeFault({ emulator, segments: [id = ''] }: ControlCall): undefined {
  if (!emulator.faults.remove(id)) throw new ControlError(404, `There is no fault ${id}.`)
}

async function token({ emulator, body }: ControlCall) {
  return { token_type: 'Bearer', access_token: await emulator.issueToken(body) }
}

/** Parameters whose values are worth something; the rest tells what went wrong. */
const SECRET: ReadonlySet<string> = new Set([
  'client_secret',
  'client_assertion',
  'assertion',
  'code',
  'code_verifier',
  'refresh_token',
  'device_code',
  'password',
  'flow',
  'id_token_hint',
])

function withoutSecrets({ params, ...rest }: SeenRequest): object {
  const shown = [...params].map(([name, value]) => [name, SECRET.has(name) ? '(hidden)' : value])
  return { ...rest, params: Object.fromEntries(shown) }
}
