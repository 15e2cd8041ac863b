import { execFile } from 'node:child_process'
import { parse } from 'node:path'
import { childEnvironment } from '../child-environment.ts'
import type { Environment } from '../env.ts'
import { CommandError } from '../exit-codes.ts'
import { printableLine } from '../terminal.ts'

/** What a program that is signed in gives: a token, or why there is none. */
export type CliToken =
  | { readonly token: string }
  | { readonly problem: string; readonly cure: string; readonly isMissing: boolean }

type Cli = {
  readonly program: string
  readonly args: (resource: string, tenant: string | undefined) => readonly string[]
  /** The member of its answer that is the token. */
  readonly member: string
  readonly login: (tenant: string | undefined) => string
}

/** The Azure CLI and the Azure Developer CLI, by the names that `--token` has for them. */
export const AZURE_CLIS: ReadonlyMap<'az' | 'azd', Cli> = new Map([
  [
    'az',
    {
      program: 'az',
      args: (resource: string, tenant: string | undefined) => [
        ...['account', 'get-access-token', '--output', 'json', '--resource', resource],
        ...(tenant ? ['--tenant', tenant] : []),
      ],
      member: 'accessToken',
      login: (tenant: string | undefined) =>
        `az login --allow-no-subscriptions${tenant ? ` --tenant ${tenant}` : ''}`,
    },
  ],
  [
    'azd',
    {
      program: 'azd',
      args: (resource: string, tenant: string | undefined) => [
        ...['auth', 'token', '--output', 'json', '--no-prompt', '--scope', `${resource}/.default`],
        ...(tenant ? ['--tenant-id', tenant] : []),
      ],
      member: 'token',
      login: (tenant: string | undefined) =>
        `azd auth login${tenant ? ` --tenant-id ${tenant}` : ''}`,
    },
  ],
])

const TIMEOUT = 60_000

// A tenant is an argument of another program: nothing but what ids and domains are made of.
const TENANT = /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/

/** Asks a program for a token for Microsoft Graph; the program is run without a shell. */
export async function askCli(
  name: 'az' | 'azd',
  resource: string,
  tenant: string | undefined,
  env: Environment,
  signal: AbortSignal,
): Promise<CliToken> {
  const cli = AZURE_CLIS.get(name) as Cli
  if (tenant !== undefined && !TENANT.test(tenant)) {
    throw new CommandError(`'${tenant}' is not the id or a domain of a tenant.`)
  }
  const { error, stdout, stderr } = await run(cli.program, cli.args(resource, tenant), env, signal)
  const token = error ? undefined : readToken(stdout, cli.member)
  if (token !== undefined) return { token }
  const isMissing = error?.code === 'ENOENT'
  const said = error?.killed ? `it has not answered within ${TIMEOUT / 1000} s` : words(stderr)
  return {
    isMissing,
    problem: isMissing
      ? `${name} is not installed.`
      : `${name} gives no token: ${said || 'it says nothing of why'}`,
    cure: `Sign in with: ${cloudCommand(name, resource)}${cli.login(tenant)}`,
  }
}

/** What it said, for a person; a token would not be for one. */
function words(stderr: string): string {
  return printableLine(stderr.replace(/\beyJ[\w.-]+/g, '…')).slice(0, 300)
}

/** Each is signed in to one cloud at a time. */
function cloudCommand(name: 'az' | 'azd', resource: string): string {
  const cloud = AZURE_CLOUDS.get(resource)
  if (cloud === undefined) return ''
  return name === 'az'
    ? `az cloud set --name ${cloud} && `
    : `azd config set cloud.name ${cloud} && `
}

/** What the Azure CLI calls the cloud of a Microsoft Graph, where it is not the public one. */
export const AZURE_CLOUDS: ReadonlyMap<string, string> = new Map([
  ['https://graph.microsoft.us', 'AzureUSGovernment'],
  ['https://dod-graph.microsoft.us', 'AzureUSGovernment'],
  ['https://microsoftgraph.chinacloudapi.cn', 'AzureChinaCloud'],
])

function readToken(stdout: string, member: string): string | undefined {
  try {
    // It may say before it that there is a newer version.
    const answer = stdout.slice(stdout.search(/^\s*\{/m))
    const token = (JSON.parse(answer) as Record<string, unknown>)[member]
    return typeof token === 'string' ? token : undefined
  } catch {
    return undefined
  }
}

type Ran = {
  readonly error: (NodeJS.ErrnoException & { killed?: boolean }) | undefined
  readonly stdout: string
  readonly stderr: string
}

function run(
  program: string,
  args: readonly string[],
  env: Environment,
  signal: AbortSignal,
): Promise<Ran> {
  // Windows has az as a script, which only its shell runs; no argument has anything for it to read.
  const [file, words] =
    process.platform === 'win32'
      ? (['cmd.exe', ['/d', '/s', '/c', program, ...args]] as const)
      : ([program, args] as const)
  const options = {
    // A PATH may have the working directory in it: there, a program of that name is not what is meant.
    cwd: parse(process.execPath).root,
    env: withoutOurs(childEnvironment(env)),
    timeout: TIMEOUT,
    signal,
    windowsHide: true,
    maxBuffer: 1024 * 1024,
  }
  return new Promise((resolve) => {
    execFile(file, words, options, (error, stdout, stderr) => {
      resolve({ error: (error ?? undefined) as Ran['error'], stdout, stderr })
    })
  })
}

/** What is the server's is none of another program's business: secrets, master key. */
function withoutOurs(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(ENTRANCE|ENTRA_PROXY)_/.test(name)),
  )
}
