import { X509Certificate } from 'node:crypto'
import {
  type ApplicationOptions,
  createApplication,
  createServicePrincipal,
  type ServicePrincipalOptions,
} from '../create-directory.ts'
import type { Application, FederatedIdentityCredential, KeyCredential } from '../directory.ts'
import { deriveGuid } from '../guid.ts'
import type { Names } from './names.ts'
import { PRINCIPALS } from './resolve-people.ts'
import type { Configuration } from './schema.ts'

/** An application of the file. */
export type ConfiguredApplication = NonNullable<Configuration['applications']>[number]

/** Makes applications, with their scopes and roles, known by client id, object id and name. */
export function addApplication(names: Names, application: Application): void {
  const { appId, displayName, id, identifierUris } = application
  names.add('application', appId, displayName, id, ...identifierUris)
  for (const { id: scopeId, value } of application.api.oauth2PermissionScopes) {
    names.add(`scope of ${appId}`, scopeId, value)
  }
  for (const { id: roleId, value } of application.appRoles) {
    names.add(`app role of ${appId}`, roleId, value)
  }
}

/** Gives applications their ids, and makes them known. */
export function resolveApplications(
  names: Names,
  given: readonly ConfiguredApplication[],
): ApplicationOptions[] {
  const withTenant = given.map((application, i) => {
    const path = `applications[${i}]`
    const tenantId = names.resolve(`${path}.tenantId`, ['tenant'], application.tenantId)
    const appId = application.appId ?? deriveGuid('client id', application.displayName)
    const certificates = application.keyCredentials ?? []
    const keyCredentials = certificates.map((certificate, j) =>
      resolveCertificate(names, `${path}.keyCredentials[${j}].key`, certificate),
    )
    const federatedIdentityCredentials = (application.federatedIdentityCredentials ?? []).map(
      (credential) => completeFederation(appId, credential),
    )
    return { ...application, tenantId, appId, keyCredentials, federatedIdentityCredentials }
  })
  for (const [i, application] of withTenant.entries()) {
    const path = `applications[${i}]`
    const whole = createApplication(application)
    names.claim(given[i]?.appId === undefined ? path : `${path}.appId`, 'client id', whole.appId)
    names.claim(given[i]?.id === undefined ? path : `${path}.id`, 'object id', whole.id)
    for (const [j, uri] of whole.identifierUris.entries()) {
      names.claim(`${path}.identifierUris[${j}]`, 'identifier URI', uri)
    }
    addApplication(names, whole)
  }
  return withTenant.map((application, i) => link(names, `applications[${i}]`, application))
}

/** Resolves what an application says of others. */
function link(
  names: Names,
  path: string,
  application: ApplicationOptions & { appId: string },
): ApplicationOptions {
  const { api, appId, owners, requiredResourceAccess: required } = application
  return {
    ...application,
    ...(api && { api: linkApi(names, `${path}.api`, appId, api) }),
    ...(owners && {
      owners: owners.map((owner, i) => names.resolve(`${path}.owners[${i}]`, ['user'], owner)),
    }),
    ...(required && {
      requiredResourceAccess: required.map((access, i) =>
        linkAccess(names, `${path}.requiredResourceAccess[${i}]`, access),
      ),
    }),
  }
}

type Api = NonNullable<ApplicationOptions['api']>

function linkApi(names: Names, path: string, appId: string, api: Api): Api {
  const preAuthorizedApplications = (api.preAuthorizedApplications ?? []).map((client, i) => {
    const here = `${path}.preAuthorizedApplications[${i}]`
    return {
      appId: names.resolveOpen(`${here}.appId`, ['application'], client.appId),
      delegatedPermissionIds: client.delegatedPermissionIds.map((scope, j) =>
        names.resolve(`${here}.delegatedPermissionIds[${j}]`, [`scope of ${appId}`], scope),
      ),
    }
  })
  const knownClientApplications = (api.knownClientApplications ?? []).map((client, i) =>
    names.resolveOpen(`${path}.knownClientApplications[${i}]`, ['application'], client),
  )
  return { ...api, preAuthorizedApplications, knownClientApplications }
}

type Access = Application['requiredResourceAccess'][number]

function linkAccess(names: Names, path: string, access: Access): Access {
  const resourceAppId = names.resolve(
    `${path}.resourceAppId`,
    ['application'],
    access.resourceAppId,
  )
  const resourceAccess = access.resourceAccess.map(({ id, type }, i) => {
    const kind = type === 'Scope' ? 'scope' : 'app role'
    const here = `${path}.resourceAccess[${i}].id`
    return { type, id: names.resolveOpen(here, [`${kind} of ${resourceAppId}`], id) }
  })
  return { resourceAppId, resourceAccess }
}

/** Makes service principals known by id, and by their application's ids and name. */
export function resolvePrincipals(
  names: Names,
  given: readonly ServicePrincipalOptions[],
  applications: readonly Application[],
): ServicePrincipalOptions[] {
  return given.map((principal, i) => {
    const path = `servicePrincipals[${i}]`
    const isIdentity = principal.servicePrincipalType === 'ManagedIdentity'
    const resolve = isIdentity ? names.resolveOpen : names.resolve
    const appId = resolve(`${path}.appId`, ['application'], principal.appId)
    const tenantId = names.resolve(`${path}.tenantId`, ['tenant'], principal.tenantId)
    const { id } = createServicePrincipal({ ...principal, appId, tenantId })
    names.claim(path, 'application in a tenant', `${appId} ${tenantId}`)
    names.claim(principal.id === undefined ? path : `${path}.id`, 'object id', id)
    const application = applications.find((one) => one.appId === appId)
    const called = [principal.displayName, application?.displayName].filter((name) => name != null)
    names.add('service principal', id, appId, ...called)
    return { ...principal, id, appId, tenantId }
  })
}

/** Resolves who is assigned to the applications. */
export function resolveAssignments(
  names: Names,
  principals: readonly ServicePrincipalOptions[],
): ServicePrincipalOptions[] {
  return principals.map((principal, i) => ({
    ...principal,
    appRoleAssignedTo: (principal.appRoleAssignedTo ?? []).map((assignment, j) => {
      const path = `servicePrincipals[${i}].appRoleAssignedTo[${j}]`
      const roles = [`app role of ${principal.appId}`]
      return {
        principalId: names.resolve(`${path}.principalId`, PRINCIPALS, assignment.principalId),
        appRoleId:
          assignment.appRoleId === DEFAULT_ACCESS
            ? DEFAULT_ACCESS
            : names.resolve(`${path}.appRoleId`, roles, assignment.appRoleId),
      }
    }),
  }))
}

const DEFAULT_ACCESS = '00000000-0000-0000-0000-000000000000'

type Certificate = NonNullable<ConfiguredApplication['keyCredentials']>[number]

function resolveCertificate(names: Names, path: string, given: Certificate): KeyCredential {
  const base64 = given.key.replace(/-----[A-Z ]+-----|\s/g, '')
  const rest = { displayName: 'emulator', ...given, key: base64 }
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'))
    return {
      keyId: deriveGuid('certificate', base64),
      startDateTime: new Date(certificate.validFrom).toISOString(),
      endDateTime: new Date(certificate.validTo).toISOString(),
      ...rest,
    }
  } catch {
    const problem = 'is not an X.509 certificate.'
    const cure = 'Write the certificate as PEM (BEGIN CERTIFICATE), or as base64 of its DER.'
    names.problems.push({ path, problem, cure })
    return { keyId: '', startDateTime: '', endDateTime: '', ...rest }
  }
}

type Federation = NonNullable<ConfiguredApplication['federatedIdentityCredentials']>[number]

function completeFederation(appId: string, given: Federation): FederatedIdentityCredential {
  const { issuer, subject } = given
  return { id: deriveGuid('federated credential', appId, issuer, subject), name: subject, ...given }
}
