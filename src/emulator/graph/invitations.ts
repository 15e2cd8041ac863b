import { createGuest, createUser } from '../create-directory.ts'
import type { DirectoryUser } from '../directory.ts'
import { requireRole } from './authorization.ts'
import { write } from './find.ts'
import { created, type GraphCall, type Reply } from './graph-call.ts'
import { badRequest, invalidProperty } from './graph-error.ts'
import { contextOf } from './query.ts'
import { object, parse } from './schema.ts'
import { requireMember } from './users.ts'

const SCHEMA = object(
  {
    invitedUserEmailAddress: { kind: 'string', max: 256 },
    inviteRedirectUrl: { kind: 'string', max: 2048 },
    invitedUserDisplayName: { kind: 'string', max: 256, isNullable: true },
    invitedUserType: { kind: 'string', values: ['Guest', 'Member'], isNullable: true },
    sendInvitationMessage: { kind: 'boolean' },
  },
  { required: ['invitedUserEmailAddress', 'inviteRedirectUrl'] },
)

type Invitation = {
  invitedUserEmailAddress: string
  inviteRedirectUrl: string
  invitedUserDisplayName?: string | null
  invitedUserType?: 'Guest' | 'Member' | null
  sendInvitationMessage?: boolean
}

/**
 * POST /invitations: a guest's account comes into the tenant. It is signed in to with the account
 * at home that has this address; nobody is sent mail.
 */
export function postInvitation(call: GraphCall): Reply {
  requireMember(call)
  const { caller, sts } = call
  const asked = parse(SCHEMA, call.body, 'Invitation') as Invitation
  const address = asked.invitedUserEmailAddress.toLowerCase()
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address)) {
    throw badRequest('The invited user email address is not valid.')
  }
  if (!URL.canParse(asked.inviteRedirectUrl)) throw invalidProperty('inviteRedirectUrl')
  // Who can invite members could let anybody in as a colleague.
  if (asked.invitedUserType === 'Member')
    requireRole(call, ['Global Administrator', 'User Administrator'])
  const home = findHome(call, address)
  if (home?.tenantId === caller.tenant.id) {
    throw badRequest('The invited user already exists in the directory as a member.')
  }
  const existing = sts.directory.users.find(
    ({ tenantId, mail, userType }) =>
      tenantId === caller.tenant.id && userType === 'Guest' && mail?.toLowerCase() === address,
  )
  const guest = existing ?? newGuest(call, asked, home)
  if (!existing) write(call, 'users', guest)
  return created({
    '@odata.context': `${contextOf(call, 'invitations')}/$entity`,
    id: crypto.randomUUID(),
    inviteRedeemUrl: `${sts.origin}/${caller.tenant.id}/`,
    invitedUserDisplayName: guest.displayName,
    invitedUserType: guest.userType,
    invitedUserEmailAddress: asked.invitedUserEmailAddress,
    sendInvitationMessage: asked.sendInvitationMessage ?? false,
    resetRedemption: false,
    inviteRedirectUrl: asked.inviteRedirectUrl,
    status: guest.guestOf === null ? 'PendingAcceptance' : 'Completed',
    invitedUser: { id: guest.id },
  })
}

function findHome({ sts }: GraphCall, address: string): DirectoryUser | undefined {
  return sts.directory.users.find(
    ({ guestOf, userType, mail, userPrincipalName }) =>
      guestOf === null &&
      userType === 'Member' &&
      [mail?.toLowerCase(), userPrincipalName.toLowerCase()].includes(address),
  )
}

function newGuest(
  { caller }: GraphCall,
  asked: Invitation,
  home: DirectoryUser | undefined,
): DirectoryUser {
  const id = crypto.randomUUID()
  const userType = asked.invitedUserType ?? 'Guest'
  const displayName = asked.invitedUserDisplayName
  const { tenant } = caller
  if (home) return createGuest(home, tenant, { id, userType, ...(displayName && { displayName }) })
  const address = asked.invitedUserEmailAddress
  return createUser({
    id,
    tenantId: tenant.id,
    userPrincipalName: `${address.replaceAll('@', '_')}#EXT#@${tenant.domains[0] ?? 'tenant'}`,
    displayName: displayName ?? address,
    givenName: null,
    mail: address,
    userType,
  })
}
