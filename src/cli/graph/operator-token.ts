import { CommandError, UsageError } from '../exit-codes.ts'
import { commandName, printableLine, type Terminal } from '../terminal.ts'
import { type Authority, findAuthority, GUID } from './authority.ts'
import { askCli, type CliToken } from './azure-clis.ts'
import { AZURE_CLI_CLIENT_ID, signInWithDeviceCode } from './device-code.ts'

/** Where the operator's token comes from. */
export type TokenSource = 'env' | 'az' | 'azd' | 'device-code'

export const TOKEN_SOURCES: readonly TokenSource[] = ['env', 'az', 'azd', 'device-code']

export type OperatorOptions = {
  /** @default ENTRANCE_GRAPH_TOKEN where it is set, else whichever of az and azd is signed in, else a device code */
  readonly token?: TokenSource | undefined
  /** Client id to sign in with by device code. @default the Azure CLI's */
  readonly loginClient?: string | undefined
  /** Whether a person may be asked to sign in without having asked for it. @default on a terminal */
  readonly mayAsk?: boolean | undefined
  /** What the same command has got so far: nobody is asked twice. */
  readonly session?: OperatorSession | undefined
  /** Waits so many milliseconds. */
  readonly wait?: (time: number) => Promise<void>
}

/** For as long as one command runs, the token of whoever has signed in by device code. */
export type OperatorSession = { token?: string }

/** Who is signed in to Microsoft Graph, and by what. */
export type Operator = {
  readonly token: string
  readonly source: TokenSource
  /** The person's sign-in name, or the application's id. */
  readonly name: string
  readonly tenantId: string
  /** The authority of that tenant. */
  readonly authority: Authority
}

/** Signs the operator in. Throws what to do where nobody is signed in. */
export async function signInOperator(
  authority: Authority,
  options: OperatorOptions,
  terminal: Terminal,
): Promise<Operator> {
  const found = await obtain(authority, options, terminal)
  const { name, tenantId } = readToken(found.token, authority)
  if (authority.tenantId !== undefined && tenantId !== authority.tenantId) {
    throw new CommandError(
      `The ${SOURCES.get(found.source)} is signed in to the tenant ${tenantId}, and not to ${authority.tenantId}.`,
      { cure: `Sign in to that one, or give --tenant-id ${tenantId}.` },
    )
  }
  const home =
    authority.tenantId === undefined
      ? await findAuthority(authority.origin, tenantId, terminal.signal)
      : authority
  return { ...found, name, tenantId, authority: home }
}

const SOURCES: ReadonlyMap<TokenSource, string> = new Map([
  ['env', 'account of ENTRANCE_GRAPH_TOKEN'],
  ['az', 'Azure CLI'],
  ['azd', 'Azure Developer CLI'],
  ['device-code', 'account'],
])

type Found = { readonly token: string; readonly source: TokenSource }

async function obtain(
  authority: Authority,
  options: OperatorOptions,
  terminal: Terminal,
): Promise<Found> {
  const held = options.session?.token
  if (held) return { token: held, source: 'device-code' }
  const given = terminal.env.ENTRANCE_GRAPH_TOKEN
  const wanted = options.token ?? (given ? 'env' : undefined)
  if (wanted === 'env') {
    if (given) return { token: given.trim(), source: 'env' }
    throw new UsageError('--token env reads ENTRANCE_GRAPH_TOKEN, which is not set.')
  }
  if (wanted === 'device-code') return askPerson(authority, options, terminal)
  const problems: Extract<CliToken, { problem: string }>[] = []
  for (const name of wanted ? [wanted] : (['az', 'azd'] as const)) {
    // An alias is none to ask for a token: whichever tenant they are signed in to is meant.
    const { tenantId } = authority
    const answer = await askCli(
      name,
      authority.graphResource,
      tenantId,
      terminal.env,
      terminal.signal,
    )
    if ('token' in answer) return { token: answer.token, source: name }
    problems.push(answer)
  }
  const mayAsk = wanted === undefined && (options.mayAsk ?? terminal.isInteractive)
  if (mayAsk) return askPerson(authority, options, terminal)
  throw nobody(problems, terminal)
}

function nobody(
  problems: readonly Extract<CliToken, { problem: string }>[],
  terminal: Terminal,
): CommandError {
  const said = problems.map(({ problem }) => problem).join('\n')
  const best = problems.find(({ isMissing }) => !isMissing) ?? problems[0]
  return new CommandError(`Nobody is signed in to Microsoft Graph.\n${said}`, {
    cure: `${best?.cure ?? ''}\nOr sign in in a browser: ${commandName(terminal.env)} setup --token device-code\nOr put a token into ENTRANCE_GRAPH_TOKEN.`,
  })
}

async function askPerson(
  authority: Authority,
  { loginClient, session, wait }: OperatorOptions,
  terminal: Terminal,
): Promise<Found> {
  const show = (uri: string, code: string, minutes: number) =>
    terminal.note(
      [
        'To sign in as somebody who may register applications, open this address in a browser:',
        '',
        `  ${terminal.formatNote('cyan', uri)}`,
        '',
        `and enter the code  ${terminal.formatNote('bold', code)}`,
        '',
        `The code is good for ${minutes} minutes. Ctrl-C gives up.`,
      ].join('\n'),
    )
  const { signal } = terminal
  const clientId = loginClient ?? AZURE_CLI_CLIENT_ID
  const token = await signInWithDeviceCode({
    authority,
    clientId,
    signal,
    show,
    ...(wait && { wait }),
  })
  if (session) session.token = token
  return { token, source: 'device-code' }
}

/**
 * What the token says of itself, before it is sent anywhere. It is not verified: Graph does that;
 * this is to tell a person early that it is another one than was meant.
 */
function readToken(token: string, authority: Authority): { name: string; tenantId: string } {
  const claims = decode(token)
  const tenantId = String(claims?.tid)
  const cure = `Get one with: az account get-access-token --resource ${authority.graphResource} --query accessToken --output tsv`
  // Whatever else may stand in a header would be sent nowhere, and be named in an error.
  if (!claims || !GUID.test(tenantId) || !/^[\w.-]+$/.test(token)) {
    throw new UsageError('What was given is not a token for Microsoft Graph.', cure)
  }
  const aud = printableLine(String(claims.aud)).slice(0, 200)
  if (!isGraph(aud, authority)) {
    throw new UsageError(
      `The token is for ${aud}, and not for Microsoft Graph at ${authority.graph}.`,
      cure,
    )
  }
  if (typeof claims.exp === 'number' && claims.exp * 1000 < Date.now()) {
    throw new CommandError('The token for Microsoft Graph has expired.', { cure })
  }
  const name = claims.upn ?? claims.preferred_username ?? claims.unique_name ?? claims.appid
  return { name: printableLine(String(name ?? claims.oid ?? 'somebody')), tenantId }
}

/** By its id, which is the same in every cloud, or by the address that it is sent to. */
function isGraph(aud: string, { graph, graphResource }: Authority): boolean {
  const host = URL.parse(aud)?.host ?? aud
  const isItsId = aud === '00000003-0000-0000-c000-000000000000'
  return isItsId || [graph, graphResource].some((one) => new URL(one).host === host)
}

function decode(token: string): Record<string, unknown> | undefined {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    const claims: unknown = JSON.parse(payload)
    return typeof claims === 'object' && claims !== null
      ? (claims as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
