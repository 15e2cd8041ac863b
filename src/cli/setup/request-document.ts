import { AZURE_CLOUDS } from '../graph/azure-clis.ts'
import { quote, toAz } from '../registration/az.ts'
import { ACCOUNT_TYPES } from '../registration/compare-application.ts'
import type { DesiredRegistration, Difference } from '../registration/types.ts'
import { readable } from './plan.ts'

/** The first line, by which a request is told from another file. */
export const TITLE = '# Request: app registration for an MCP server'

export type RequestOptions = {
  readonly desired: DesiredRegistration
  readonly differences: readonly Difference[]
  /** Object id and client id of the application, where there is one already. */
  readonly application: { readonly id: string; readonly appId: string } | undefined
  readonly tenantId: string | undefined
  /** Address of Microsoft Graph. */
  readonly origin: string
  /** What the server has to be told besides. */
  readonly variables: ReadonlyMap<string, string>
}

/** What an administrator is asked to do: what, why, and each way of doing it. */
export function renderRequest(options: RequestOptions): string {
  const { desired, differences, application, tenantId } = options
  const purpose = application
    ? `Please change the app registration ${application.appId} in Microsoft Entra ID`
    : `Please register the application "${desired.displayName}" in Microsoft Entra ID`
  const cloud = AZURE_CLOUDS.get(options.origin)
  const login = [
    ...(cloud ? [`az cloud set --name ${cloud}`] : []),
    `az login --allow-no-subscriptions${tenantId ? ` --tenant ${tenantId}` : ''}`,
  ].join(' && ')
  return [
    TITLE,
    '',
    `${purpose}, so that people can sign in to the MCP server`,
    `behind ${desired.redirectUris.join(' and ')} with their accounts.`,
    '',
    `- Tenant: ${tenantId ?? 'yours'}`,
    `- Accounts: ${ACCOUNT_TYPES.get(desired.signInAudience)}`,
    `- The server asks for the scope ${desired.scopes.map(({ value }) => `\`${value}\``).join(', ')} of this`,
    '  application itself, and for `openid profile email offline_access`. It reads nobody’s data.',
    '- Needed: Application Developer for an application of your own, Cloud Application Administrator',
    '  or Application Administrator for others and for consent in everybody’s name.',
    '',
    'Do it in **one** of three ways: in the portal, with the Azure CLI, or through Microsoft Graph.',
    'Nothing that is there already is removed.',
    '',
    '## What and why',
    '',
    ...differences.map(({ what, why }) => `- ${readable(`${what} ${why}`)}`),
    '',
    '## In the portal',
    '',
    'At <https://entra.microsoft.com>:',
    '',
    ...differences.flatMap(({ portal }, i) =>
      portal.map((step, j) => `${j === 0 ? `${i + 1}.` : '   -'} ${readable(step)}`),
    ),
    '',
    '## With the Azure CLI',
    '',
    `In a shell such as bash, signed in with \`${login}\`. It can be run`,
    'again: it goes on where it stopped, but for a client secret, of which each run makes another.',
    '',
    '```sh',
    renderScript(options),
    '```',
    '',
    '## Through Microsoft Graph',
    '',
    'In this order. `$APP` stands for the client id (`appId`) and `$OID` for the object id (`id`) in the first',
    'answer, `$SP` for the `id` of the service principal, `$GRAPH` for that of Microsoft Graph’s.',
    '',
    ...differences
      .flatMap(({ calls }) => calls)
      .flatMap((call) => [
        `${readable(call.why)}:`,
        '',
        '```http',
        `${call.method} ${options.origin}/v1.0${call.path}`,
        ...Object.entries(call.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
        ...(call.body
          ? ['Content-Type: application/json', '', JSON.stringify(call.body, null, 2)]
          : []),
        '```',
        '',
      ]),
    '## Then',
    '',
    'Send back the client id and the tenant id. A client secret goes by a way that only its receiver',
    'can read, such as a key vault; it is shown once.',
    '',
  ].join('\n')
}

/** A script that stops at the first thing that fails, but for what is there, or not everywhere yet. */
function renderScript({
  differences,
  application,
  tenantId,
  origin,
  variables,
}: RequestOptions): string {
  const calls = differences.flatMap(({ calls }) => calls)
  const secret = calls.some(({ gives }) => gives?.$SECRET !== undefined)
  const commands = calls.map((call) => {
    const text = toAz([call], origin, 'retry az')
    return call.gives?.$SECRET ? `SECRET=$(${text})` : text
  })
  return [
    'set -eu',
    RETRY,
    ...(application ? [`APP=${application.appId}`] : []),
    ...commands,
    'echo "ENTRA_PROXY_AZURE_CLIENT_ID=$APP"',
    ...(secret ? ['echo "ENTRA_PROXY_AZURE_CLIENT_SECRET=$SECRET"'] : []),
    ...(tenantId ? [`echo "AZURE_TENANT_ID=${tenantId}"`] : []),
    ...[...variables]
      .filter(([name]) => !/^(ENTRA_PROXY_AZURE_|AZURE_TENANT_ID)/.test(name))
      .map(([name, value]) => `echo ${quote(`${name}=${value}`)}`),
  ].join('\n')
}

const RETRY = `retry() {
  n=0
  until { said=$("$@" 2>&1 >&3); } 3>&1; do
    case $said in
    *'already exist'* | *SameKeyValue*) return 0 ;;
    *ResourceNotFound* | *'valid application object'* | *'backing application'*) ;;
    *) n=12 ;;
    esac
    n=$((n + 1))
    [ "$n" -lt 12 ] || { echo "$said" >&2; return 1; }
    echo "The directory is still copying: trying again in 10 s." >&2
    sleep 10
  done
}`
