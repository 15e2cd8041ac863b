import { AADSTS } from './aadsts.ts'
import {
  AadstsError,
  aadsts,
  describeError,
  errorUri,
  newTrace,
  type Trace,
} from './aadsts-error.ts'
import type { Call } from './call.ts'
import { adminconsent, adminconsentV2 } from './endpoints/adminconsent.ts'
import { authorize } from './endpoints/authorize.ts'
import { consent } from './endpoints/consent.ts'
import { devicecode } from './endpoints/devicecode.ts'
import { devicelogin, deviceSignedIn } from './endpoints/devicelogin.ts'
import { instance } from './endpoints/instance.ts'
import { keys, keysV1 } from './endpoints/keys.ts'
import { login } from './endpoints/login.ts'
import { logout } from './endpoints/logout.ts'
import { appServiceToken, imdsToken } from './endpoints/managed-identity.ts'
import { mfa } from './endpoints/mfa.ts'
import { openidConfiguration, openidConfigurationV1 } from './endpoints/openid-configuration.ts'
import { token } from './endpoints/token.ts'
import { authorizeV1 } from './endpoints/v1/authorize.ts'
import { tokenV1 } from './endpoints/v1/token.ts'
import { manage, showHome } from './management/manage.ts'
import { errorPage, explanationPage } from './pages/error-page.ts'
import { pageResponse } from './pages/layout.ts'
import { noteFailure } from './sign-in-log.ts'
import { allowPage } from './tokens/cross-origin.ts'
import { tokenHeaders } from './tokens/response.ts'

/** Something the emulator answers. */
export type Route = {
  /** The endpoint's name, as records of requests have it. */
  readonly name: string
  readonly methods: readonly string[]
  /** How an error leaves: on Entra's page, or as its JSON body. */
  readonly errors: 'page' | 'json'
  readonly answer: (call: Call) => Response | Promise<Response>
  /** It sees the directory as it is, not as far as that has reached the sign-in service. */
  readonly isManagement?: boolean
}

const READ = ['GET', 'HEAD']
const BOTH = ['GET', 'HEAD', 'POST']

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['', { name: 'home', methods: READ, errors: 'page', answer: showHome, isManagement: true }],
  [
    'common/discovery/instance',
    { name: 'instance', methods: READ, errors: 'json', answer: instance },
  ],
  ['error', { name: 'error', methods: READ, errors: 'page', answer: explain }],
  [
    'metadata/identity/oauth2/token',
    { name: 'managed-identity', methods: READ, errors: 'json', answer: imdsToken },
  ],
  [
    'msi/token',
    { name: 'managed-identity', methods: READ, errors: 'json', answer: appServiceToken },
  ],
  ['devicelogin', { name: 'devicelogin', methods: BOTH, errors: 'page', answer: devicelogin }],
  [
    'devicelogin/signed-in',
    { name: 'devicelogin', methods: BOTH, errors: 'page', answer: deviceSignedIn },
  ],
])

const DIRECTORY = '_directory/'
const MANAGEMENT: Route = {
  name: 'directory',
  methods: BOTH,
  errors: 'page',
  answer: manage,
  isManagement: true,
}

// Below /{tenant}. What Entra has not (RFC 8414, registration, revocation, introspection) is 404.
const TENANT_ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    'v2.0/.well-known/openid-configuration',
    { name: 'openid-configuration', methods: READ, errors: 'json', answer: openidConfiguration },
  ],
  [
    '.well-known/openid-configuration',
    { name: 'openid-configuration', methods: READ, errors: 'json', answer: openidConfigurationV1 },
  ],
  ['discovery/v2.0/keys', { name: 'keys', methods: READ, errors: 'json', answer: keys }],
  ['discovery/keys', { name: 'keys', methods: READ, errors: 'json', answer: keysV1 }],
  [
    'oauth2/v2.0/authorize',
    { name: 'authorize', methods: BOTH, errors: 'page', answer: authorize },
  ],
  ['oauth2/v2.0/token', { name: 'token', methods: [...BOTH], errors: 'json', answer: token }],
  [
    'oauth2/v2.0/devicecode',
    { name: 'devicecode', methods: BOTH, errors: 'json', answer: devicecode },
  ],
  ['oauth2/authorize', { name: 'authorize', methods: BOTH, errors: 'page', answer: authorizeV1 }],
  ['oauth2/token', { name: 'token', methods: BOTH, errors: 'json', answer: tokenV1 }],
  ['oauth2/v2.0/logout', { name: 'logout', methods: BOTH, errors: 'page', answer: logout }],
  ['adminconsent', { name: 'adminconsent', methods: READ, errors: 'page', answer: adminconsent }],
  [
    'v2.0/adminconsent',
    { name: 'adminconsent', methods: READ, errors: 'page', answer: adminconsentV2 },
  ],
  ['login', { name: 'login', methods: ['POST'], errors: 'page', answer: login }],
  ['mfa', { name: 'mfa', methods: ['POST'], errors: 'page', answer: mfa }],
  ['consent', { name: 'consent', methods: ['POST'], errors: 'page', answer: consent }],
])

/** What a path asks for, and the tenant it names. */
export function findRoute(pathname: string): { route: Route; segment: string } | undefined {
  const path = pathname.slice(1)
  const route = ROUTES.get(path)
  if (route) return { route, segment: '' }
  if (path.startsWith(DIRECTORY)) {
    return { route: MANAGEMENT, segment: path.slice(DIRECTORY.length) }
  }
  const slash = path.indexOf('/')
  const below = TENANT_ROUTES.get(path.slice(slash + 1))
  const segment = decode(path.slice(0, Math.max(slash, 0)))
  return below && segment ? { route: below, segment } : undefined
}

/** Answers a call, errors included. */
export async function answerCall(route: Route, call: Call): Promise<Response> {
  const response = await answerOrRefuse(route, call)
  if (route.name === 'token') await allowPage(call, response)
  return response
}

async function answerOrRefuse(route: Route, call: Call): Promise<Response> {
  try {
    return await route.answer(call)
  } catch (error) {
    if (error instanceof AadstsError) return refuse(route, call, error)
    call.sts.log({
      event: 'emulator.failed',
      level: 'error',
      message: `The emulator failed at ${route.name}: ${(error as Error).message}`,
      cause: error,
    })
    return refuse(route, call, aadsts(50000))
  }
}

/** Says no in the form that the route has. */
export function refuse(route: Route, call: Call, error: AadstsError): Response {
  const trace = newTrace(call.correlationId, call.sts.now())
  call.sts.log({
    event: 'emulator.refused',
    level: 'warn',
    message: `The emulator refused a request at ${route.name}: ${error.message}`,
    code: error.code,
  })
  // Those of a sign-in are noted where its request is read.
  if (route.name === 'token') noteFailure(call, error)
  if (route.errors === 'page') return pageResponse(errorPage(error, trace, call.sts.behaviour))
  return errorBody(route, call, error, trace)
}

function errorBody(route: Route, call: Call, error: AadstsError, trace: Trace): Response {
  const uri = errorUri(error, call.sts.origin)
  const isDiscovery = route.name === 'openid-configuration' || route.name === 'keys'
  const word = isDiscovery ? 'invalid_tenant' : error.error
  const status = error.error === 'invalid_client' ? 401 : error.code === 50000 ? 500 : 400
  const body = {
    error: error.code === 50000 ? error.error : word,
    error_description: describeError(error, trace, call.sts.behaviour),
    error_codes: [error.code],
    timestamp: trace.timestamp,
    trace_id: trace.traceId,
    correlation_id: trace.correlationId,
    ...(uri !== undefined && { error_uri: uri }),
    ...(error.suberror !== undefined && { suberror: error.suberror }),
    ...(error.claims !== undefined && { claims: error.claims }),
  }
  return Response.json(body, { status, headers: tokenHeaders(trace.traceId) })
}

function explain(call: Call): Response {
  const code = Number(call.query.get('code'))
  return pageResponse(explanationPage(code, AADSTS.get(code)?.text))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
