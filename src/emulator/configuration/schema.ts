import { z } from 'zod'
import type { DirectoryOptions, ServicePrincipalOptions } from '../create-directory.ts'
import type { ConditionalAccessPolicy, OAuth2PermissionGrant } from '../directory.ts'
import {
  apiSchema,
  applicationSchema,
  appRoleSchema,
  certificateSchema,
  federatedCredentialSchema,
  scopeSchema,
  secretSchema,
} from './application-schema.ts'
import { groupSchema, tenantSchema, userSchema } from './people-schema.ts'
import {
  defaulted,
  guid,
  list,
  optional,
  reference,
  required,
  type Shape,
  text,
  time,
} from './values.ts'

const assignment = z.strictObject({
  principalId: reference,
  appRoleId: reference.default('00000000-0000-0000-0000-000000000000'),
})

const servicePrincipalSchema = z.strictObject({
  id: optional(guid, 'Object id', 'made from client id and tenant'),
  appId: required(reference, 'The application, by client id or name'),
  tenantId: required(reference, 'The tenant, by id or domain'),
  servicePrincipalType: optional(
    z.enum(['Application', 'ManagedIdentity']),
    'A managed identity is a service principal without an application: its appId is its own',
    '"Application"',
  ),
  displayName: optional(text.nullable(), 'Name of a managed identity', 'null'),
  accountEnabled: optional(z.boolean(), 'Whether it may be used (else AADSTS7000112)', 'true'),
  appRoleAssignmentRequired: optional(
    z.boolean(),
    'Whether only who is assigned may sign in (else AADSTS50105)',
    'false',
  ),
  appRoleAssignedTo: defaulted(
    list(assignment),
    'Who has which role: principalId a user, group or application by id or name; appRoleId by id or value, left out for “default access”',
    [],
  ),
  tags: optional(list(text), 'Tags', '[]'),
} satisfies Shape<ServicePrincipalOptions>)

const grantSchema = z.strictObject({
  id: optional(guid, 'Id', 'made from the others'),
  clientId: required(reference, 'The client: its service principal’s id, or the application'),
  resourceId: required(reference, 'The API, likewise'),
  consentType: optional(
    z.enum(['AllPrincipals', 'Principal']),
    'For all, or for one person',
    '"Principal" with principalId, else "AllPrincipals"',
  ),
  principalId: defaulted(reference.nullable(), 'The person, by id or user principal name', null),
  scope: required(z.string().max(4096), 'Values of scopes, separated by spaces'),
} satisfies Shape<OAuth2PermissionGrant>)

const policySchema = z.strictObject({
  id: optional(guid, 'Id', 'made from the name'),
  displayName: required(text, 'Name'),
  state: defaulted(z.enum(['enabled', 'disabled']), 'Whether it is in force', 'enabled'),
  tenantId: optional(reference, 'The tenant, by id or domain', 'every one'),
  conditions: required(
    z.strictObject({
      applications: z.strictObject({
        includeApplications: list(reference).default([]),
        excludeApplications: list(reference).optional(),
        includeAuthenticationContextClassReferences: list(text).optional(),
      }),
      users: z
        .strictObject({
          includeUsers: list(reference).optional(),
          excludeUsers: list(reference).optional(),
          includeGroups: list(reference).optional(),
          excludeGroups: list(reference).optional(),
        })
        .optional(),
    }),
    'applications: includeApplications and excludeApplications, by client id or name, or "All"; includeAuthenticationContextClassReferences. users: includeUsers and excludeUsers, by id or user principal name, or "All", "GuestsOrExternalUsers"; includeGroups and excludeGroups',
  ),
  grantControls: optional(
    z
      .strictObject({ builtInControls: list(z.enum(['mfa', 'block', 'compliantDevice'])) })
      .nullable(),
    'builtInControls: "mfa", "block" or "compliantDevice"',
    'a second factor, unless there is a sessionControls',
  ),
  sessionControls: optional(
    z
      .strictObject({
        signInFrequency: z.strictObject({
          value: z.int().positive(),
          type: z.enum(['hours', 'days']),
        }),
      })
      .nullable(),
    'signInFrequency: how often people sign in anew, a value of "hours" or "days"',
    'null',
  ),
  modifiedDateTime: defaulted(time, 'When it was changed', '2026-01-01T00:00:00Z'),
} satisfies Shape<ConditionalAccessPolicy>)

const LISTS = {
  tenants: optional(list(tenantSchema).min(1), 'Organisations', 'the seed’s'),
  users: optional(list(userSchema), 'Accounts', 'the seed’s'),
  groups: optional(list(groupSchema), 'Groups', 'the seed’s'),
  applications: optional(
    list(applicationSchema),
    'App registrations; Microsoft’s own are always there',
    'the seed’s',
  ),
  servicePrincipals: optional(
    list(servicePrincipalSchema),
    'Applications as they stand in a tenant',
    'one for each application, in its home tenant',
  ),
  oauth2PermissionGrants: optional(list(grantSchema), 'Consents', '[]'),
  conditionalAccessPolicies: optional(list(policySchema), 'Conditional Access', '[]'),
} satisfies Shape<DirectoryOptions>

/** The configuration file: every list of the directory. One that is left out is the seed's. */
export const configurationSchema = z.strictObject({
  $schema: optional(text, 'Where an editor finds the JSON schema; not used otherwise', 'none'),
  ...LISTS,
})

/** A configuration that has been read: references may still be names. */
export type Configuration = z.output<typeof configurationSchema>

/** The parts of a configuration by the heading that the documents describe them under. */
export const PARTS: ReadonlyMap<string, z.ZodObject> = new Map<string, z.ZodObject>([
  ['The file', configurationSchema],
  ['Tenant', tenantSchema],
  ['User', userSchema],
  ['Group', groupSchema],
  ['Application', applicationSchema],
  ['API', apiSchema],
  ['Scope', scopeSchema],
  ['App role', appRoleSchema],
  ['Client secret', secretSchema],
  ['Certificate', certificateSchema],
  ['Federated credential', federatedCredentialSchema],
  ['Service principal', servicePrincipalSchema],
  ['Consent', grantSchema],
  ['Conditional Access policy', policySchema],
])

/** The JSON schema of the file, for editors. */
export function jsonSchema(): object {
  const { fallback: _, ...schema } = z.toJSONSchema(configurationSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      delete jsonSchema.fallback
    },
  })
  return { title: 'Directory of the Entra ID emulator of Entrance', ...schema }
}
