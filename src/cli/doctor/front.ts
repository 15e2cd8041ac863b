import type { Answer } from './ask.ts'
import type { Details } from './finding.ts'

/** What somebody in front of the server did with a request that was meant for it. */
export type Obstacle = {
  readonly word: 'easy-auth' | 'firewall' | 'gateway' | 'login-page' | 'redirect' | 'not-found'
  /** What was seen. */
  readonly found: string
}

/** The faults that a check can have because of who stands in front. */
export const FRONT_FAULTS: ReadonlyMap<Obstacle['word'], string> = new Map([
  ['easy-auth', "The platform's own sign-in (Easy Auth) stands in front and answers instead."],
  ['firewall', 'A firewall or bot protection refuses the request.'],
  ['gateway', 'The proxy in front has no answer from the server.'],
  ['login-page', 'A page answers, where a program was asked.'],
  ['redirect', 'The request is redirected: clients lose their token, or do not follow.'],
  ['not-found', 'The proxy in front does not pass this path on, or the server is elsewhere.'],
])

type Seen = Omit<Answer, 'clockAhead'>

/** Recognises an answer that is not the server's own; undefined for one that may be. */
export function findObstacle(answer: Seen): Obstacle | undefined {
  const { status, headers } = answer
  const found = describe(answer)
  if (isEasyAuth(answer)) return { word: 'easy-auth', found }
  if (status >= 300 && status < 400) return { word: 'redirect', found }
  if (headers.has('cf-mitigated') || headers.has('x-azure-ref-waf')) {
    return { word: 'firewall', found }
  }
  if ((status === 403 || status === 429) && !isJson(answer)) return { word: 'firewall', found }
  if (status >= 502 && status <= 504 && !isJson(answer)) return { word: 'gateway', found }
  if (status === 404 || status === 405) return { word: 'not-found', found }
  if (status === 200 && isHtml(answer)) return { word: 'login-page', found }
  return undefined
}

/** App Service and Container Apps: a redirect to Entra or to `/.auth`, or their own 401. */
function isEasyAuth({ status, headers, url }: Seen): boolean {
  const target = URL.parse(headers.get('location') ?? '', url)
  const host = target?.hostname ?? ''
  const isLogin = target?.pathname.startsWith('/.auth/') || /^login\.(microsoft|windows)/.test(host)
  const challenge = headers.get('www-authenticate') ?? ''
  const isTheirs = status === 401 && /authorization_uri=|client_id=/.test(challenge)
  return isLogin === true || isTheirs || headers.has('x-ms-middleware-request-id')
}

/** Status, who it is from, and where it leads: what an operator needs to find the culprit. */
function describe({ status, headers, text, url }: Seen): string {
  const location = headers.get('location')
  const target = location === null ? undefined : URL.parse(location, url)
  const title = /<title>([^<]{1,80})/i.exec(text)?.[1]?.trim()
  const marks = ['server', 'cf-mitigated', 'via', 'x-ms-middleware-request-id']
    .map((name) => [name, headers.get(name)] as const)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}: ${value?.slice(0, 60)}`)
  return [
    `status ${status}`,
    ...(target ? [`to ${target.protocol}//${target.host}${target.pathname}`] : []),
    ...(title ? [`"${title}"`] : []),
    ...marks,
  ].join(', ')
}

/** What to do about it. */
export function obstacleCure({ word }: Obstacle): Details {
  return CURES.get(word) as Details
}

const CURES: ReadonlyMap<Obstacle['word'], Details> = new Map([
  [
    'easy-auth',
    {
      why: "This server signs people in itself; MCP clients cannot get through another one's sign-in.",
      portal: [
        'App Service or Container App > Authentication: allow unauthenticated access, or remove the identity provider.',
      ],
      command:
        'az webapp auth update --resource-group GROUP --name NAME --enabled false   # or: az containerapp auth update … --unauthenticated-client-action AllowAnonymous',
    },
  ],
  [
    'firewall',
    {
      why: 'Clients that run as a service (Claude, ChatGPT) come from data centres, and look like bots.',
      portal: [
        'Firewall or CDN: let /mcp, /authorize, /consent, /token, /register, /revoke, /auth and /.well-known through, whoever asks.',
        'Cloudflare: Security > Bots: "Block AI bots" off for this host.',
      ],
    },
  ],
  [
    'gateway',
    {
      why: 'The proxy is there, and the server behind it is not.',
      portal: [
        'Look whether the server runs, and on which port the proxy expects it (PORT, HOST).',
      ],
    },
  ],
  [
    'login-page',
    {
      why: 'Somebody else answers with a page, such as a portal or a company’s own sign-in.',
      portal: ['Have the proxy in front pass these paths on to the server untouched.'],
    },
  ],
  [
    'redirect',
    {
      why: 'Clients do not take a token along to another address, or turn POST into GET.',
      portal: [
        'Have the proxy in front pass the request on; use the address itself that it redirects to as ENTRANCE_URL.',
      ],
    },
  ],
  [
    'not-found',
    {
      why: 'Clients look for the server at this very address.',
      portal: [
        'Route the path to the server unchanged, the /.well-known paths at the root of the host too: docs/endpoints.md lists them.',
      ],
    },
  ],
])

function isJson({ headers }: Seen): boolean {
  return /[/+]json\b/.test(headers.get('content-type') ?? '')
}

function isHtml({ headers, text }: Seen): boolean {
  return /html/.test(headers.get('content-type') ?? '') || /^\s*<(!doctype|html)/i.test(text)
}
