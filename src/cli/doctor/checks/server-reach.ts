import { type Answer, ask, isAnswer } from '../ask.ts'
import type { Check, DoctorIo, Facts, Outcome } from '../check.ts'
import { type Details, error, type Finding, ok, skipped, warning } from '../finding.ts'
import { FRONT_FAULTS, findObstacle, obstacleCure } from '../front.ts'
import { CONNECTION_FAULTS, connectionDetails } from './login-host.ts'

/** What an MCP client asks first: without a token, for it has none. */
export function askMcp(io: DoctorIo, url: string, userAgent?: string): ReturnType<typeof ask> {
  return ask(io, url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(userAgent && { 'user-agent': userAgent }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  })
}

const reach: Check = {
  id: 'server.reach',
  title: 'Whether the server answers',
  faults: CONNECTION_FAULTS,
  needs: ['config.url'],
  run: reachServer,
}

async function reachServer({ url, isPublic }: Facts, io: DoctorIo): Promise<Outcome> {
  const health = await ask(io, `${url}/health`)
  if (isAnswer(health)) {
    if (!isPublic && !health.text.includes('"mcp-server"')) {
      return one(skipped(reach.id, `What answers at ${url} is not this server; is it running?`))
    }
    return { findings: [ok(reach.id, `${url} answers.`)], facts: { health } }
  }
  if (!isPublic) {
    const what = `No server answers at ${url}: ${health.reason}. Start it, and these checks are made.`
    return one(skipped(reach.id, what))
  }
  const what = `${url} cannot be reached: ${health.reason}.`
  const why = 'What cannot be reached from here, clients may not reach either.'
  return one(error(reach.id, health.word, what, { ...connectionDetails(health, url), why }))
}

const challenge: Check = {
  id: 'server.challenge',
  title: 'How /mcp asks for a sign-in',
  faults: new Map([
    ...FRONT_FAULTS,
    ['open', 'A request without a token is answered: nothing guards the MCP server.'],
    ['host', 'The proxy in front passes another Host on than people use.'],
    ['bare', 'The answer does not say where to sign in.'],
    [
      'insecure',
      'The server takes itself for one at http: ENTRANCE_URL is not the public address.',
    ],
    ['address', 'The server takes itself for one at another address than this.'],
    ['trouble', 'The server answers with an error of its own.'],
  ]),
  needs: ['server.reach'],
  run: readChallenge,
}

async function readChallenge({ url }: Facts, io: DoctorIo): Promise<Outcome> {
  const answer = await askMcp(io, `${url}/mcp`)
  if (!isAnswer(answer)) {
    const details = { found: answer.reason, portal: ['Look at the log of the server.'] }
    return one(error(challenge.id, 'trouble', `${url}/mcp gives no answer.`, details))
  }
  const fault = judgeChallenge(answer, url)
  if (fault) return one(fault)
  const resourceMetadata = metadataUrlOf(answer) as string
  const findings = [ok(challenge.id, `${url}/mcp asks for a sign-in, and says where.`)]
  return { findings, facts: { resourceMetadata } }
}

function judgeChallenge(answer: Answer, url: string): Finding | undefined {
  const expected = 'status 401, with resource_metadata in WWW-Authenticate'
  const fault = (word: string, what: string, details: Details) =>
    error(challenge.id, word, what, { expected, ...details })
  if (answer.status === 401 && metadataUrlOf(answer)) return judgeAddress(answer, url)
  if (/Host header/.test(answer.text)) return otherHost(answer)
  const obstacle = findObstacle(answer)
  if (obstacle) {
    const what = FRONT_FAULTS.get(obstacle.word) as string
    return fault(obstacle.word, what, { found: obstacle.found, ...obstacleCure(obstacle) })
  }
  if (answer.status === 200) {
    return fault('open', 'A request without a token is answered.', {
      found: 'status 200',
      why: 'Everybody who knows the address can call the tools.',
      portal: ['Put the gate in front of the MCP server: protect, or its adapter. See README.'],
    })
  }
  if (answer.status === 401) {
    return fault('bare', 'The answer does not say where to sign in.', {
      found: answer.headers.get('www-authenticate')?.slice(0, 200) ?? 'no WWW-Authenticate',
      why: 'Clients do not find the way to the sign-in.',
      portal: ['Have the proxy in front leave the header WWW-Authenticate as it is.'],
    })
  }
  const what = `${url}/mcp answers with status ${answer.status}.`
  const found = `status ${answer.status}`
  return fault('trouble', what, { found, portal: ['Look at the log of the server.'] })
}

function otherHost({ text }: Answer): Finding {
  const [, host = ''] = /Host header '([^']*)'/.exec(text) ?? []
  return error(challenge.id, 'host', 'The proxy in front passes another Host on than people use.', {
    expected: 'the Host that people use',
    found: host || 'none',
    why: 'A server on loopback answers to its own names only; DNS rebinding would get through else.',
    portal: ['Set ENTRANCE_URL to the public address, or have the proxy pass the Host on.'],
    docs: 'configuration.md',
  })
}

/** The address that the server thinks it has shows in where its metadata is (RFC 9728 §3.1). */
function judgeAddress(answer: Answer, url: string): Finding | undefined {
  const { origin, pathname } = new URL(url)
  const path = pathname === '/' ? '' : pathname
  const expected = `${origin}/.well-known/oauth-protected-resource${path}/mcp`
  const found = metadataUrlOf(answer) as string
  if (found === expected) return undefined
  const isInsecure = found === expected.replace('https:', 'http:')
  const own = found.replace(/\/\.well-known\/oauth-protected-resource(.*)\/mcp$/, '$1')
  const what = `The server takes itself for ${own}, and clients come by ${url}.`
  return error(challenge.id, isInsecure ? 'insecure' : 'address', what, {
    expected,
    found,
    why: 'Clients compare addresses character by character, and stop.',
    portal: [`Set ENTRANCE_URL of the server to ${url}, and restart it.`],
    command: `ENTRANCE_URL=${url}`,
    docs: 'configuration.md',
  })
}

function metadataUrlOf({ headers }: Answer): string | undefined {
  return /resource_metadata="([^"]+)"/.exec(headers.get('www-authenticate') ?? '')?.[1]
}

const slash: Check = {
  id: 'server.slash',
  title: 'Whether /mcp/ answers as /mcp does',
  faults: new Map([['redirect', '/mcp/ is redirected: clients lose their token on the way.']]),
  needs: ['server.challenge'],
  run: async ({ url }, io) => {
    const answer = await askMcp(io, `${url}/mcp/`)
    const obstacle = isAnswer(answer) ? findObstacle(answer) : undefined
    if (obstacle?.word !== 'redirect') return one(ok(slash.id, '/mcp/ is answered where it is.'))
    return one(
      warning(slash.id, 'redirect', 'The proxy in front redirects /mcp/ to another address.', {
        expected: 'no redirect',
        found: obstacle.found,
        why: 'A client that was given the address with a slash loses its token, or goes in a circle.',
        portal: [
          'Switch off the redirect in the proxy (merge_slashes, DirectorySlash and the like).',
        ],
      }),
    )
  },
}

/** How the clients call themselves that run as a service, and those that are libraries. */
const USER_AGENTS = [
  'Claude-User',
  'python-httpx/0.28.1',
  'ChatGPT-User/1.0',
  'node',
  'Go-http-client/2.0',
]

const userAgents: Check = {
  id: 'server.user-agents',
  title: 'Whether clients get through, whatever they call themselves',
  faults: new Map([['blocked', 'Some clients are refused by what stands in front.']]),
  needs: ['server.challenge'],
  run: async ({ url }, io) => {
    const blocked: string[] = []
    for (const userAgent of USER_AGENTS) {
      const answer = await askMcp(io, `${url}/mcp`, userAgent)
      if (!isAnswer(answer) || answer.status !== 401) {
        blocked.push(
          `${userAgent}: ${isAnswer(answer) ? `status ${answer.status}` : answer.reason}`,
        )
      }
    }
    if (blocked.length === 0)
      return one(ok(userAgents.id, `${USER_AGENTS.join(', ')} get through.`))
    const cure = obstacleCure({ word: 'firewall', found: '' })
    const details = { expected: 'status 401 for each', found: blocked.join('; '), ...cure }
    return one(error(userAgents.id, 'blocked', 'Some clients are refused.', details))
  },
}

/** Who answers at the server's address, and how the first request is met. */
export const serverReachChecks: readonly Check[] = [reach, challenge, slash, userAgents]

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}
