import type { Defence } from './defence.ts'

const TENANTS = ['test/attacks/tenants.test.ts']

/** What keeps the people of one tenant, cloud or host apart from another's. */
export const TENANT_DEFENCES: readonly Defence[] = [
  {
    name: 'tenants: a tenant is named by an id',
    breakages: [
      {
        file: 'core/entra/tenancy.ts',
        find: 'if (!isId(tid)) {',
        replace: "if (typeof tid !== 'string') {",
      },
      {
        file: 'core/entra/tenancy.ts',
        find: "return typeof tenant === 'string' && GUID.test(tenant)",
        replace: "return typeof tenant === 'string'",
      },
    ],
    tests: TENANTS,
  },
  {
    name: 'tenants: personal accounts are none of an organisation',
    breakages: [
      {
        file: 'core/entra/tenancy.ts',
        find: "if (tid !== CONSUMERS_TENANT_ID || tenantId !== 'organizations') return tid",
        replace: 'return tid',
      },
    ],
    tests: TENANTS,
  },
  {
    name: 'tenants: the issuer of several is that of the metadata, blank and all',
    breakages: [
      {
        file: 'core/entra/tenancy.ts',
        find: 'if (isOfMany(tenantId)) return issuer === `${authority}/${BLANK}/v2.0`',
        replace: 'if (isOfMany(tenantId)) return issuer.includes(BLANK)',
      },
    ],
    tests: TENANTS,
  },
  {
    name: 'tenants: a renewal is of the tenant of the sign-in',
    breakages: [
      {
        file: 'core/entra/tenant-metadata.ts',
        find: 'if (tenantOf(metadata.issuer) === tid) return metadata',
        replace: 'return metadata',
      },
    ],
    tests: ['test/core/entra/tenants.test.ts'],
  },
  {
    name: 'tenants: a domain that names another tenant is noticed',
    breakages: [
      {
        file: 'core/entra/metadata.ts',
        find: 'if (former && former.issuer !== metadata.issuer) throw',
        replace: 'if (former && !metadata.issuer) throw',
      },
    ],
    tests: ['test/core/entra/tenants.test.ts'],
  },
  {
    name: 'tenants: External ID has a host of the very tenant, and no cloud of organisations has',
    breakages: [
      {
        file: 'core/entra/tenancy.ts',
        find: 'if (findCloud(authority)) return false',
        replace: '',
      },
    ],
    tests: ['test/core/entra/tenants.test.ts'],
  },
  {
    name: 'keys: one is good for the issuer that it names',
    breakages: [
      {
        file: 'core/entra/verify-tokens.ts',
        find: 'if (isGood && signers.length > 0) return',
        replace: 'if (isGood || signers.length > 0) return',
      },
    ],
    tests: TENANTS,
  },
  {
    name: 'graph: a host that is not Microsoft’s gets no token',
    breakages: [
      {
        file: 'core/clouds.ts',
        find: 'if (msgraphHost === new URL(authority).host) return authority',
        replace: "if (typeof msgraphHost === 'string') return `http://${msgraphHost}`",
      },
    ],
    tests: ['test/core/clouds.test.ts', ...TENANTS],
  },
]
