import { type Authority, consumersTenant, findAuthority, issuerOf } from '../authority.ts'
import type { Call } from '../call.ts'
import type { SigningKey } from '../signing-keys.ts'

/** GET /{tenant}/discovery/v2.0/keys: without `alg`, as Entra has it. */
export async function keys(call: Call): Promise<Response> {
  const { sts } = call
  const authority = findAuthority(sts, call.segment)
  const consumers: Authority = { kind: 'tenant', name: 'consumers', tenant: consumersTenant() }
  const own = (await ownKeys(call, authority)).map((key) =>
    toDocument(call, key, issuerOf(sts.origin, authority)),
  )
  const personal = (await personalKeys(call, authority)).map((key) =>
    toDocument(call, key, issuerOf(sts.origin, consumers)),
  )
  return keysResponse([...own, ...personal])
}

/** GET /{tenant}/discovery/keys: those of the v1.0 endpoints, which name no issuer. */
export async function keysV1(call: Call): Promise<Response> {
  const authority = findAuthority(call.sts, call.segment)
  const all = [...(await ownKeys(call, authority)), ...(await personalKeys(call, authority))]
  return keysResponse(all.map((key) => toDocument(call, key, undefined)))
}

async function ownKeys({ sts }: Call, { kind }: Authority): Promise<readonly SigningKey[]> {
  return kind === 'consumers' ? [] : sts.signingKeys()
}

async function personalKeys({ sts }: Call, { kind }: Authority): Promise<readonly SigningKey[]> {
  return kind === 'consumers' || kind === 'common' ? sts.personalKeys() : []
}

function toDocument({ sts }: Call, key: SigningKey, issuer: string | undefined) {
  const { kid, n, e, certificate } = key
  return {
    kty: 'RSA',
    use: 'sig',
    kid,
    x5t: kid,
    n,
    e,
    x5c: [certificate],
    cloud_instance_name: sts.cloud.instanceName,
    ...(issuer !== undefined && { issuer }),
  }
}

function keysResponse(documents: readonly object[]): Response {
  const headers = {
    'access-control-allow-origin': '*',
    'cache-control': 'max-age=86400, private',
  }
  return Response.json({ keys: documents }, { headers })
}
