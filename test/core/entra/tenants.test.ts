import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createMetadataSource, type EntraMetadata } from '../../../src/core/entra/metadata.ts'
import {
  administeredTenant,
  CONSUMERS_TENANT_ID,
  isIssuer,
} from '../../../src/core/entra/tenancy.ts'
import { inTenant } from '../../../src/core/entra/tenant-metadata.ts'

const tid = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const OTHER = '99999999-8888-4777-a666-555555555555'
const LOGIN = 'https://login.microsoftonline.com'
const CIAM = 'https://contoso.ciamlogin.com'

function documentAt(authority: string, segment: string, change: object = {}): EntraMetadata {
  return {
    issuer: `${authority}/${segment}/v2.0`,
    authorization_endpoint: `${authority}/${segment}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/${segment}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/${segment}/discovery/v2.0/keys`,
    ...change,
  }
}

suite('an issuer', () => {
  const TAKEN: readonly (readonly [authority: string, tenantId: string, issuer: string])[] = [
    [LOGIN, tid, `${LOGIN}/${tid}/v2.0`],
    [LOGIN, 'contoso.com', `${LOGIN}/${tid}/v2.0`],
    [LOGIN, 'organizations', `${LOGIN}/{tenantid}/v2.0`],
    [LOGIN, 'common', `${LOGIN}/{tenantid}/v2.0`],
    [LOGIN, 'consumers', `${LOGIN}/${CONSUMERS_TENANT_ID}/v2.0`],
    [CIAM, tid, `https://${tid}.ciamlogin.com/${tid}/v2.0`],
    [CIAM, 'contoso.onmicrosoft.com', `https://${tid}.ciamlogin.com/${tid}/v2.0`],
    ['https://login.contoso.com', tid, `https://${tid}.ciamlogin.com/${tid}/v2.0`],
    ['http://localhost:8400', tid, `http://${tid}.localhost:8400/${tid}/v2.0`],
  ]
  for (const [authority, tenantId, issuer] of TAKEN) {
    test(`${issuer} is that of ${tenantId} at ${authority}`, () => {
      assert.equal(isIssuer(issuer, { authority, tenantId }), true)
    })
  }

  const FOREIGN: readonly (readonly [authority: string, tenantId: string, issuer: string])[] = [
    [LOGIN, tid, `https://${tid}.ciamlogin.com/${tid}/v2.0`],
    [LOGIN, 'consumers', `${LOGIN}/${tid}/v2.0`],
    [LOGIN, 'consumers', `${LOGIN}/{tenantid}/v2.0`],
    [LOGIN, 'contoso.com', `${LOGIN}/{tenantid}/v2.0`],
    [LOGIN, 'contoso.com', `${LOGIN}/contoso.com/v2.0`],
    [CIAM, tid, `https://${OTHER}.ciamlogin.com/${OTHER}/v2.0`],
    [CIAM, tid, `https://${OTHER}.ciamlogin.com/${tid}/v2.0`],
    [CIAM, tid, `https://${tid}.ciamlogin.com/${OTHER}/v2.0`],
    [CIAM, tid, `https://${tid}.ciamlogin.com.evil.example/${tid}/v2.0`],
    [CIAM, tid, `https://evil.example/${tid}.ciamlogin.com/${tid}/v2.0`],
    [CIAM, tid, `http://${tid}.ciamlogin.com/${tid}/v2.0`],
    [CIAM, tid, `https://${tid}.ciamlogin.com/${tid}/v1.0`],
    [CIAM, tid, `https://${tid}.ciamlogin.com:8443/${tid}/v2.0`],
    [CIAM, 'organizations', `https://${tid}.ciamlogin.com/${tid}/v2.0`],
    ['https://login.contoso.com', tid, `https://${tid}.login.contoso.com/${tid}/v2.0`],
  ]
  for (const [authority, tenantId, issuer] of FOREIGN) {
    test(`${issuer} is not that of ${tenantId} at ${authority}`, () => {
      assert.equal(isIssuer(issuer, { authority, tenantId }), false)
    })
  }
})

suite('a tenant of another cloud', () => {
  const read = (authority: string, answer: () => Response) =>
    createMetadataSource({ authority, tenantId: tid, fetch: async () => answer() })(0)

  test('is named by its metadata, with the word to set', async () => {
    const usgov = { cloud_instance_name: 'microsoftonline.us', tenant_region_scope: 'USGov' }
    const issuer = `https://login.microsoftonline.us/${tid}/v2.0`
    const document = documentAt(LOGIN, tid, { ...usgov, issuer })
    await assert.rejects(
      read(LOGIN, () => Response.json(document)),
      {
        isTransient: false,
        message: `The tenant ${tid} belongs to the US Government cloud; ${LOGIN} is the login host of the public cloud.`,
        cure: 'Set ENTRANCE_AUTHORITY to usgov.',
      },
    )
    const china = 'https://login.partner.microsoftonline.cn'
    const back = documentAt(china, tid, { cloud_instance_name: 'microsoftonline.com' })
    await assert.rejects(
      read(china, () => Response.json(back)),
      { cure: 'Set ENTRANCE_AUTHORITY to public.' },
    )
  })

  test('at the host of its own cloud is none', async () => {
    const usgov = { cloud_instance_name: 'microsoftonline.us', tenant_region_scope: 'USGov' }
    for (const [authority, change] of [
      [LOGIN, { cloud_instance_name: 'microsoftonline.com', tenant_region_scope: 'NA' }],
      ['https://login.microsoftonline.us', usgov],
      [CIAM, { cloud_instance_name: 'microsoftonline.com' }],
      ['http://localhost:8400', usgov],
    ] as const) {
      await read(authority, () => Response.json(documentAt(authority, tid, change)))
    }
  })

  test('is unknown at the wrong host: AADSTS90002 has the words of the others', async () => {
    const refuse = (code: number) => () =>
      Response.json({ error_description: `AADSTS${code}: No.` }, { status: 400 })
    await assert.rejects(read('https://login.microsoftonline.us', refuse(90002)), {
      code: 90002,
      message: `Entra knows no tenant '${tid}' at https://login.microsoftonline.us.`,
      cure: /AZURE_TENANT_ID; if it belongs to another cloud, set ENTRANCE_AUTHORITY \(public or china\)/,
    })
    await assert.rejects(read(LOGIN, refuse(900439)), {
      code: 900439,
      message: `The tenant '${tid}' does not belong to the cloud of ${LOGIN}.`,
      cure: 'For its own cloud, set ENTRANCE_AUTHORITY (usgov or china).',
    })
  })
})

suite('a domain', () => {
  test('that names another tenant than before is noticed', async () => {
    let tenant = tid
    const fetch = async () => Response.json(documentAt(LOGIN, tenant))
    const read = createMetadataSource({ authority: LOGIN, tenantId: 'contoso.com', fetch })
    await read(0)
    tenant = OTHER
    await assert.rejects(read(0), {
      isTransient: false,
      message: `The domain contoso.com stands for another tenant by now: ${OTHER}.`,
    })
    tenant = tid
    await read(0)
  })

  test('renews nobody of the tenant that it stood for before', () => {
    const metadata = documentAt(LOGIN, OTHER)
    assert.throws(() => inTenant(metadata, tid, 'contoso.com'), /stands for another tenant by now/)
    assert.equal(inTenant(metadata, OTHER, 'contoso.com'), metadata)
  })
})

test('a renewal of one of several tenants is asked for in that tenant', () => {
  const metadata = documentAt(LOGIN, 'organizations', { issuer: `${LOGIN}/{tenantid}/v2.0` })
  const { issuer, token_endpoint } = inTenant(metadata, tid, 'organizations')
  assert.equal(issuer, `${LOGIN}/${tid}/v2.0`)
  assert.equal(token_endpoint, `${LOGIN}/${tid}/oauth2/v2.0/token`)
  assert.throws(() => inTenant(metadata, CONSUMERS_TENANT_ID, 'organizations'), /personal/)
  assert.throws(() => inTenant(metadata, `${tid}/x`, 'organizations'), /by an id/)
})

test('administrators consent in their own tenant, and there are none of personal accounts', () => {
  for (const [tenantId, tenant] of [
    ['contoso.com', 'contoso.com'],
    ['organizations', 'organizations'],
    ['common', 'organizations'],
    ['consumers', undefined],
  ] as const) {
    assert.equal(administeredTenant(tenantId), tenant)
  }
})
