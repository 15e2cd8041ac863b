import type { AppRoleOptions, PermissionScopeOptions } from './create-directory.ts'

// value | delegated id | application id | who consents | name | description. A dash: Graph has it only the other way.
const TABLE = `
openid                                | 37f7f235-527c-4136-accd-4a02d197296e | - | User  | Sign you in | Allows you to sign in to the app with your work account.
profile                               | 14dad69e-099b-42c9-810b-d002981feec1 | - | User  | View your basic profile | Allows the app to see your name, your user name and your picture.
email                                 | 64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0 | - | User  | View your email address | Allows the app to see your primary email address.
offline_access                        | 7427e0e9-2fba-42fe-b0c0-848c9e6a8182 | - | User  | Maintain access to data you have given it access to | Allows the app to keep its access while you are not using it.
User.Read                             | e1fe6dd8-ba31-4d61-89e7-88639da4683d | - | User  | Read your profile | Allows the app to read your profile and basic facts about your organisation.
User.ReadBasic.All                    | b340eb25-3456-403f-be2f-af7a0d370277 | 97235f07-e226-4f63-ace3-39588e11d3a1 | User | Read all users' basic profiles
User.Read.All                         | a154be20-db9c-4678-8ab7-66f6cc099a59 | df021288-bdef-4463-88db-98f22de89214 | Admin | Read all users' full profiles
User.ReadWrite.All                    | 204e0828-b5ca-4ad8-b9f3-f32a958e7cc4 | 741f803b-c850-494e-b5df-cde7c675a1ca | Admin | Read and write all users' full profiles
User.Invite.All                       | 63dd7cd9-b489-4adf-a28c-ac38b9a0f962 | 09850681-111b-4a89-9bed-3f2cae46d706 | Admin | Invite guest users to the organization
Group.Read.All                        | 5f8c59db-677d-491f-a6b8-5f174b11ec1d | 5b567255-7703-4780-807c-7be8301ae99b | Admin | Read all groups
Group.ReadWrite.All                   | 4e46008b-f24c-477d-8fff-7bb4ec7aafe0 | 62a82d76-70ea-41e2-9197-370581804d09 | Admin | Read and write all groups
GroupMember.Read.All                  | bc024368-1153-4739-b217-4326f2e966d0 | 98830695-27a2-44f7-8c18-0c3ebc9698f6 | Admin | Read group memberships
Directory.Read.All                    | 06da0dbc-49e2-44d2-8312-53f166ab848a | 7ab1d382-f21e-4acd-a863-ba3e13f7da61 | Admin | Read directory data
Directory.ReadWrite.All               | c5366453-9fb0-48a5-a156-24f0c49a4b84 | 19dbc75e-c2e2-444c-a770-ec69d8559fc7 | Admin | Read and write directory data
Directory.AccessAsUser.All            | 0e263e50-5827-48a4-b97c-d940288653c7 | - | Admin | Access the directory as you
Organization.Read.All                 | 4908d5b9-3fb2-4b1e-9336-1888b7937185 | 498476ce-e0fe-48b0-b801-37ba7e2685c6 | Admin | Read organization information
Application.Read.All                  | c79f8feb-a9db-4090-85f9-90d820caa0eb | 9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30 | Admin | Read applications
Application.ReadWrite.All             | bdfbf15f-ee85-4955-8675-146e8e5296b5 | 1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9 | Admin | Read and write all applications
Application.ReadWrite.OwnedBy         | - | 18a4783c-866b-4cc7-a460-3d5e5662c884 | Admin | Manage apps that this app creates or owns
AppRoleAssignment.ReadWrite.All       | 84bccea3-f856-4a8a-967b-dbe0a3d53a64 | 06b708a9-e830-4db3-a914-8e69da51d44f | Admin | Manage app permission grants and app role assignments
DelegatedPermissionGrant.ReadWrite.All | 41ce6ca6-6826-4807-84f1-1c82854f7ee5 | 8e8e4742-1d95-4f68-9d56-6ee75648c72a | Admin | Manage all delegated permission grants
AuditLog.Read.All                     | e4c9e354-4dc5-45b8-9e7c-e1393b0b1a20 | b0afded3-3588-46d8-8b3d-9842eff778da | Admin | Read audit log data
Policy.Read.All                       | 572fea84-0151-49b2-9301-11cb16974376 | 246dd0d5-5bd0-4def-940b-0421030a5b68 | Admin | Read your organization's policies
`

const PERMISSIONS = TABLE.trim()
  .split('\n')
  .map((row) => row.split('|').map((cell) => cell.trim()))
  .map(([value = '', delegatedId = '', applicationId = '', type, name = '', description]) => ({
    value,
    delegatedId,
    applicationId,
    type: type === 'User' ? ('User' as const) : ('Admin' as const),
    name,
    description: description ?? `${name}.`,
  }))

/** The delegated permissions of Microsoft Graph that are known here. */
export function graphScopes(): PermissionScopeOptions[] {
  return PERMISSIONS.filter(({ delegatedId }) => delegatedId !== '-').map((permission) => ({
    id: permission.delegatedId,
    value: permission.value,
    type: permission.type,
    userConsentDisplayName: permission.name,
    userConsentDescription: permission.description,
  }))
}

/** The permissions of Microsoft Graph that applications are given for themselves. */
export function graphAppRoles(): AppRoleOptions[] {
  return PERMISSIONS.filter(({ applicationId }) => applicationId !== '-').map((permission) => ({
    id: permission.applicationId,
    value: permission.value,
    displayName: permission.name,
    description: permission.description,
    allowedMemberTypes: ['Application'],
  }))
}

/** The id of a delegated permission of Microsoft Graph. */
export function graphScopeId(value: string): string {
  const found = PERMISSIONS.find((permission) => permission.value === value)
  if (!found) throw new RangeError(`Microsoft Graph has no permission ${value} here.`)
  return found.delegatedId
}
