import { setTimeout as delay } from 'node:timers/promises'
import { CommandError, Interrupted } from '../exit-codes.ts'
import { printableLine } from '../terminal.ts'
import type { Authority } from './authority.ts'

/** The Azure CLI's public client id, which every tenant knows. */
export const AZURE_CLI_CLIENT_ID = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

export type DeviceCodeOptions = {
  readonly authority: Authority
  readonly clientId: string
  readonly signal: AbortSignal
  /** Shows the person where to go, and the code to enter there. */
  readonly show: (uri: string, code: string, minutes: number) => void
  /** Waits so many milliseconds. */
  readonly wait?: (time: number) => Promise<void>
}

/** RFC 8628 §3.2 */
type DeviceAuthorization = {
  device_code: string
  user_code: string
  verification_uri: string
  expires_in: number
  interval: number
}

type TokenAnswer = { access_token?: string; error?: string; error_description?: string }

const TIMEOUT = 30_000

/** Signs a person in on whatever device has a browser (RFC 8628); gives a token for Graph. */
export async function signInWithDeviceCode(options: DeviceCodeOptions): Promise<string> {
  const { authority, clientId, signal } = options
  const wait = options.wait ?? ((time: number) => delay(time, undefined, { signal }))
  const device = await authorizeDevice(options)
  const { device_code, user_code, verification_uri, expires_in } = device
  options.show(verification_uri, user_code, Math.max(1, Math.round(expires_in / 60)))
  let { interval } = device
  for (let waited = 0; waited < expires_in; waited += interval) {
    await wait(interval * 1000).catch((error: unknown) => {
      throw signal.aborted ? new Interrupted() : error
    })
    const answer = await post<TokenAnswer>(authority.tokenEndpoint, signal, {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: clientId,
      device_code,
    })
    if (answer.access_token) return answer.access_token
    // §3.5: asked too often.
    if (answer.error === 'slow_down') interval += 5
    else if (answer.error !== 'authorization_pending') throw refused(answer)
  }
  throw expired()
}

async function authorizeDevice({
  authority,
  clientId,
  signal,
}: DeviceCodeOptions): Promise<DeviceAuthorization> {
  const answer = await post<Partial<DeviceAuthorization> & TokenAnswer>(
    authority.deviceAuthorizationEndpoint,
    signal,
    { client_id: clientId, scope: `${authority.graphResource}/.default` },
  )
  const { device_code, user_code, verification_uri } = answer
  if (!device_code || !user_code || !verification_uri) throw refused(answer)
  return {
    device_code,
    user_code: printableLine(String(user_code)).slice(0, 40),
    verification_uri: printableLine(String(verification_uri)).slice(0, 200),
    expires_in: within(answer.expires_in, 60, 3600, 900),
    interval: within(answer.interval, 1, 60, 5),
  }
}

/** A number of seconds that makes sense, whatever is there. */
function within(value: unknown, least: number, most: number, usual: number): number {
  return typeof value === 'number' ? Math.min(Math.max(value, least), most) : usual
}

async function post<T>(
  url: string,
  signal: AbortSignal,
  params: Record<string, string>,
): Promise<T> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
      body: new URLSearchParams(params),
    })
    return Object(await response.json())
  } catch (cause) {
    if (signal.aborted) throw new Interrupted()
    throw new CommandError(`The sign-in failed: ${new URL(url).origin} does not answer.`, {
      cure: 'Check the connection, then run it again.',
      cause,
    })
  }
}

function refused({ error, error_description }: TokenAnswer): CommandError {
  if (error === 'authorization_declined' || error === 'access_denied') {
    return new CommandError('The sign-in was declined.', { cure: 'Run it again to sign in.' })
  }
  if (error === 'expired_token' || error === 'code_expired') return expired()
  const said = printableLine(String(error_description ?? error ?? 'no reason given')).slice(0, 500)
  return new CommandError(`The sign-in failed: ${said}`, {
    cure: 'Where a policy forbids device codes, sign in with az login and run it again; --login-client names another application to sign in with.',
  })
}

function expired(): CommandError {
  return new CommandError('Nobody signed in before the code expired.', {
    cure: 'Run it again for a new code.',
  })
}
