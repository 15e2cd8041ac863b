import type { Entra } from './peer.ts'

type Application = { appId: string; web: { redirectUris: string[] } }

/** Registers where a peer has people come back to, by the emulator's control API. */
export async function allowRedirectUri(entra: Entra, uri: string): Promise<void> {
  const { applications } = await control<{ applications: Application[] }>(entra, {})
  const found = applications.find(({ appId }) => appId === entra.clientId)
  if (!found) throw new Error(`The emulator has no application ${entra.clientId}.`)
  const { appId, web } = found
  const redirectUris = [...web.redirectUris.filter((known) => known !== uri), uri]
  await control(entra, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ applications: [{ appId, web: { ...web, redirectUris } }] }),
  })
}

async function control<T>({ authority }: Entra, init: RequestInit): Promise<T> {
  const response = await fetch(`${authority}/_emulator/directory`, init)
  if (response.ok) return (await response.json()) as T
  throw new Error(`The emulator of the bench (${response.status}): ${await response.text()}`)
}
