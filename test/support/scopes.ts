import {
  type Application,
  createPermissionScope,
  type PermissionScope,
  type RunningEmulator,
} from '../../src/emulator/emulator.ts'

/** Exposes more scopes of the application at Entra; gives them, to be switched off again. */
export function exposeScopes(emulator: RunningEmulator, ...values: string[]): PermissionScope[] {
  const { appId } = applicationOf(emulator)
  const scopes = values.map((value) => createPermissionScope(appId, { value }))
  applicationOf(emulator).api.oauth2PermissionScopes.push(...scopes)
  return scopes
}

/** Takes back at Entra what everybody consented to of these scopes. */
export function takeConsentBack(emulator: RunningEmulator, ...values: string[]): void {
  for (const grant of emulator.directory.oauth2PermissionGrants) {
    const kept = grant.scope.split(' ').filter((value) => !values.includes(value))
    grant.scope = kept.join(' ')
  }
}

/** The registration that the server under test uses. */
export function applicationOf(emulator: RunningEmulator): Application {
  const { clientId } = emulator.application
  return emulator.directory.applications.find(({ appId }) => appId === clientId) as Application
}

/** The claims of an access token of ours, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}
