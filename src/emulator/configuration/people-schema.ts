import { z } from 'zod'
import type { GroupOptions, TenantOptions, UserOptions } from '../create-directory.ts'
import { defaulted, guid, list, optional, reference, required, type Shape, text } from './values.ts'

/** The last moment that a `Date` can be. */
const MAX_TIME = 8.64e15

/** A tenant. */
export const tenantSchema = z.strictObject({
  id: optional(guid, 'Tenant id', 'made from the first domain'),
  displayName: optional(text, 'Name', 'the first domain'),
  domains: required(
    list(text.toLowerCase()).min(1),
    'Verified domains; each may stand in a URL in place of the id',
  ),
  kind: optional(
    z.enum(['workforce', 'external']),
    '`external` is an External ID tenant',
    '"workforce"',
  ),
  cloud: optional(
    z.enum(['public', 'usgov', 'china']).nullable(),
    'Which of Microsoft’s clouds it is in (else AADSTS90038)',
    'null, the emulator’s',
  ),
  regionScope: optional(text.nullable(), '`tenant_region_scope` of the discovery document', '"EU"'),
  allowUserConsent: optional(
    z.boolean(),
    'Whether people may consent themselves (else AADSTS90094)',
    'true',
  ),
  allowConsentRequests: optional(
    z.boolean(),
    'Whether people may ask an administrator to consent (AADSTS90095)',
    'false',
  ),
  allowUserAppRegistration: optional(
    z.boolean(),
    'Whether members may register applications',
    'true',
  ),
  identifierUriPolicy: optional(
    z.enum(['off', 'secure', 'strict']),
    'What new identifier URIs have to look like',
    '"secure"',
  ),
  secretPolicy: optional(
    z.strictObject({
      isBlocked: z.boolean().default(false),
      maxDays: z.int().positive().nullable().default(null),
    }),
    'Whether client secrets are forbidden, or how many days they last at most',
    '{"isBlocked":false,"maxDays":null}',
  ),
} satisfies Shape<TenantOptions>)

/** A person's account. */
export const userSchema = z.strictObject({
  id: optional(guid, 'Object id, the `oid` of tokens', 'made from the user principal name'),
  tenantId: required(reference, 'The tenant, by id or domain'),
  userPrincipalName: required(text, 'The name to sign in with'),
  displayName: optional(text, 'Name', 'what is before the @'),
  givenName: optional(text.nullable(), 'Given name', 'displayName'),
  surname: optional(text.nullable(), 'Surname', 'null'),
  mail: optional(text.nullable(), 'Mail address', 'userPrincipalName'),
  accountEnabled: optional(
    z.boolean(),
    'Whether the account may sign in (else AADSTS50057)',
    'true',
  ),
  password: optional(text.nullable(), 'When set, the person is asked for it', 'null'),
  userType: optional(
    z.enum(['Member', 'Guest']),
    'Member or guest',
    '"Guest" with guestOf, else "Member"',
  ),
  guestOf: optional(
    reference.nullable(),
    'The account that the guest signs in with, by id or user principal name',
    'null',
  ),
  sessionsValidFrom: optional(
    z.number().min(0).max(MAX_TIME),
    'Milliseconds since 1970; what was granted before is revoked (AADSTS50173)',
    '0',
  ),
  isMfaRegistered: optional(
    z.boolean(),
    'Whether there is a second factor already (else AADSTS50079 where one is asked for)',
    'true',
  ),
  directoryRoles: optional(
    list(text),
    'Entra roles by name, such as Application Administrator',
    '[]',
  ),
} satisfies Shape<UserOptions>)

/** A group. */
export const groupSchema = z.strictObject({
  id: optional(guid, 'Object id', 'made from tenant and name'),
  tenantId: required(reference, 'The tenant, by id or domain'),
  displayName: required(text, 'Name'),
  securityEnabled: optional(z.boolean(), 'Whether it is a security group', 'true'),
  members: defaulted(
    list(reference),
    'Users by id or user principal name, groups and applications by id or name',
    [],
  ),
} satisfies Shape<GroupOptions>)
