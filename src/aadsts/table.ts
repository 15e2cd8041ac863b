import type { CureId } from './cures.ts'

/** When the table was last held against Microsoft's reference: numbers and texts change. */
export const AADSTS_AS_OF = '2026-11-22'

/** One of Entra's numbered errors, as the operator of this server meets it. */
export type AadstsEntry = {
  /** The number behind `AADSTS`. */
  readonly code: number
  /** What happened, in a sentence without its full stop. */
  readonly title: string
  /** What it mostly comes from here, the likeliest first. */
  readonly causes: readonly string[]
  /** What helps, the likeliest first. */
  readonly cures: readonly [CureId, ...CureId[]]
  /** The person chose, or is not let in: the client is told `access_denied`. */
  readonly isPersons: boolean
  /** The same request may succeed later. */
  readonly isTransient: boolean
}

// Number | kind | cures | what happened | causes, separated by semicolons.
// Kind: `person` is isPersons, `passes` is isTransient.
const TABLE = `
90002   |        | tenant cloud            | Entra knows no such tenant | AZURE_TENANT_ID has a typing error; the tenant belongs to another cloud than the login host
900023  |        | tenant                  | The tenant is neither a GUID nor a domain | AZURE_TENANT_ID is empty, misspelt or in quotation marks
90038   |        | cloud                   | The tenant belongs to a national cloud | The login host is another cloud's
900439  |        | cloud                   | An application of the US Government's cloud came to the public login host | The login host is another cloud's
900382  |        | cloud                   | The client and the tenant are in different clouds | The login host is another cloud's
900432  |        | cloud                   | The client and the tenant are in different clouds | The login host is another cloud's
50049   |        | cloud                   | The login host is not one that Entra knows | ENTRANCE_AUTHORITY has a typing error
90051   |        | cloud                   | The request was for another national cloud | The login host is another cloud's
700016  |        | client-id tenant service-principal | Entra does not know this client id in this tenant | ENTRA_PROXY_AZURE_CLIENT_ID has a typing error; AZURE_TENANT_ID is another tenant; the application has no service principal there; it was created a moment ago
700038  |        | client-id               | The client id is a placeholder | ENTRA_PROXY_AZURE_CLIENT_ID was never filled in
7000229 |        | service-principal client-id | The application has no service principal in this tenant | The application was created without one; its enterprise application was deleted; AZURE_TENANT_ID is another tenant
7000112 |        | enable                  | The application is switched off in this tenant | An administrator disabled the enterprise application
70001   |        | enable client-id        | The application is not there, or is switched off | An administrator disabled the enterprise application; the client id is wrong
50194   |        | tenant audience         | A single-tenant application was used through the address for many tenants | AZURE_TENANT_ID is common or organizations, and the registration takes accounts of one organisation
90130   |        | tenant                  | The application cannot be used through common or consumers | AZURE_TENANT_ID is an alias
90124   |        | tenant                  | The resource cannot be used through common or consumers | AZURE_TENANT_ID is an alias
9001023 |        | tenant                  | This grant cannot be used through common or consumers | AZURE_TENANT_ID is an alias
9002331 |        | tenant audience         | The application takes personal accounts only | The registration is for personal accounts, and AZURE_TENANT_ID is not consumers
9002332 |        | tenant audience         | The application takes work accounts only | AZURE_TENANT_ID is consumers, and the registration does not take personal accounts
500200  | person | account audience        | A personal account cannot be used here | The person chose a personal account; the registration takes work accounts only
500201  | person | account token-version   | A personal account cannot get a token of version 1.0 | requestedAccessTokenVersion is not 2
500207  | person | account audience        | This type of account cannot be used for the resource | The person chose a personal account; the registration takes work accounts only
500208  | person | account cloud           | The account's domain is not a sign-in domain of this tenant | The tenant is one of External ID, which has a login host of its own
90027   | person | account token-version   | The tokens' version and the account type do not go together | requestedAccessTokenVersion is not 2
50146   |        | claims-mapping          | The application needs a signing key of its own | Claims are mapped in the registration
501461  |        | claims-mapping id-uri   | Mapped claims are not accepted for this identifier | The Application ID URI is not the client id or a verified domain's

50011   |        | redirect-uri platform   | The redirect URI is not one that is registered | ENTRANCE_URL changed; http instead of https behind a proxy; a slash more or less at the end; upper and lower case; another port on a host that is not localhost
500112  |        | redirect-uri            | The code is redeemed with another redirect URI than it was asked with | Replicas have different values of ENTRANCE_URL
500113  |        | redirect-uri            | The application has no redirect URI at all | Nothing was registered under Authentication
900971  |        | redirect-uri            | No redirect URI was sent, and none is registered | Nothing was registered under Authentication
9002325 |        | platform                | The redirect URI belongs to a single-page application, which needs PKCE | The redirect URI is registered under Single-page application
9002326 |        | platform                | The code was redeemed across origins | Something on the way adds an Origin header; the redirect URI is registered under the wrong platform
9002327 |        | platform                | The code of a single-page application was redeemed by a server | The redirect URI is registered under Single-page application instead of Web
700025  |        | platform                | The application is a public client, and a credential was sent | The redirect URI is registered under Mobile and desktop applications instead of Web

7000215 |        | secret                  | The client secret is wrong | The Secret ID was copied instead of the Value; the secret is another application's; it was created a moment ago
7000222 |        | secret                  | The client secret has expired | Secrets end after the time chosen when they were made
7000216 |        | secret platform         | No credential was sent | ENTRA_PROXY_AZURE_CLIENT_SECRET is empty
7000218 |        | secret platform         | No credential was sent | ENTRA_PROXY_AZURE_CLIENT_SECRET is empty
70002   |        | secret                  | The credentials are wrong | The client secret is wrong
700027  |        | certificate             | The certificate is not one that is registered | It was not uploaded; another key signed; it was removed
7000214 |        | certificate             | The certificate was revoked | The certificate was revoked
7000277 |        | certificate             | The certificate's subject is not authorised | Another certificate was uploaded
50012   |        | certificate             | The credential could not be verified | The certificate is not the one that is registered
700024  |        | clock                   | The client assertion is too old or too new | The clock of this machine is wrong
700021  |        | client-id               | The client assertion is another application's | What signs it does so for another client id than ENTRA_PROXY_AZURE_CLIENT_ID
50048   |        | report                  | Issuer and subject of the client assertion differ | A fault of the software that signed it
700211  |        | federated               | No federated credential has the assertion's issuer | The issuer differs, be it by a slash or by case; the credential was created a moment ago
700212  |        | federated               | No federated credential has the assertion's audience | The audience is another one than api://AzureADTokenExchange
700213  |        | federated               | No federated credential has the assertion's subject | The subject differs, be it by case; it is another managed identity or service account
7002137 |        | federated               | No federated credential fits the assertion | Issuer, subject or audience differ
7002138 |        | federated               | No federated credential fits the assertion | Issuer, subject or audience differ
70021   |        | federated               | No federated credential fits the assertion | Issuer, subject or audience differ; the credential was created a moment ago
700222  |        | federated               | A token of Entra itself may not be used as the credential | The assertion is not a managed identity's
50166   |        | federated               | Entra could not read the keys of the assertion's issuer | The issuer's metadata cannot be reached from the internet; the issuer has a typing error
700229  |        | federated               | Only app-only tokens can be a federated credential | The assertion is a person's token

500011  |        | id-uri service-principal | Entra knows no API by the name that was asked for | The Application ID URI is missing or another one; the application has no service principal in this tenant
500014  |        | enable                  | The API's service principal is disabled | An administrator disabled the enterprise application
650053  |        | scope                   | The API has no such scope | The scope is not exposed, or is disabled; its name is spelt differently; where Entra names 00000003-0000-0000-c000-000000000000, the scope was asked for without its prefix
65005   |        | permissions             | The application asked for an API that it does not list | The API is missing under API permissions
650056  |        | permissions             | The application is misconfigured for this tenant | A permission is missing, or was not consented to
650057  |        | permissions             | The application asked for an API that it does not list | The API is missing under API permissions
650052  |        | service-principal       | The organisation has no access to the API | The API has no service principal in this tenant
650054  |        | service-principal       | The API has been removed | The API has no service principal in this tenant
70011   |        | scope                   | The scope is malformed | A name has characters that do not belong there; .default stands beside named scopes
1002012 |        | scope                   | An application asked in its own name for a named scope | Such requests need a scope that ends in /.default
28000   |        | one-resource            | Scopes of more than one API were asked for in one request | Another program than this server asked
28002   |        | one-resource            | The scope is not one of this grant | Another program than this server asked
28003   |        | one-resource            | No scope was sent with the code | Another program than this server asked
700022  |        | one-resource            | Scopes of more than one API were asked for in one request | Another program than this server asked
700023  |        | cloud one-resource      | The client assertion is for another address, or a scope without an API was asked for | What signs the assertion does so for another cloud or tenant; another program than this server asked
9010010 |        | resource                | The resource parameter is not the API of the scopes | An MCP client went to Entra directly; the resource has a slash at its end; the scope has no prefix
901002  |        | resource                | The resource parameter is not supported | An MCP client went to Entra directly
90009   |        | id-uri                  | The application asks for a token for itself, by a name that is not its id | The Application ID URI is not api://<client id>
90008   |        | permissions             | The application has not even the permission to sign people in | User.Read is missing under API permissions
501051  |        | assign                  | The calling application has no role here | Assignment is required, and the calling application is not assigned

65001   |        | consent admin-consent   | The person, or an administrator, has not consented | A scope was added after the last consent; consent was taken back
65004   | person | accept                  | The person declined | The person chose Cancel on Entra's consent page
90094   | person | admin-consent           | An administrator has to consent | People may not consent here themselves; the scope's type is Admins only
90095   | person | admin-consent           | An administrator has to approve the request | People may not consent here themselves
65002   |        | preauthorize            | A client of Microsoft's asked for an API that does not name it | The client went to Entra directly, and is not under Authorized client applications

50020   | person | account guest audience  | The account is of another organisation | The person chose another account; they are not a guest here
50034   | person | account guest           | The account does not exist in this tenant | The person chose another account; it was deleted
51004   | person | account guest           | The account does not exist in this tenant | The person chose another account; it was deleted
50014   | person | account guest           | The guest's invitation has not been accepted yet | The person has not opened the invitation
90072   | person | account guest           | The account is of another organisation, and no guest here | The person chose another account
16003   | person | account guest           | The account has not been added to this tenant | The person chose another account
16000   |        | again                   | Several accounts are signed in | The person has to choose one
50105   | person | assign                  | The person is not assigned to the application | Assignment required is on, and the person is neither assigned nor in an assigned group
50058   |        | again                   | Nobody is signed in | A silent sign-in was tried
50053   | person | locked                  | The account is locked | Too many wrong passwords, or an address with a bad name
50055   | person | locked                  | The password has expired | The person has to choose another
50056   | person | locked                  | The account has no password, or a wrong one | The account is managed elsewhere
50057   | person | locked                  | The account is disabled | An administrator disabled it
50126   | person | locked                  | The name or the password is wrong | The person mistyped
50144   | person | locked                  | The password in the organisation's own directory has expired | The person has to choose another
50072   |        | again                   | The person has to enrol in multi-factor authentication | A policy asks for it
50074   |        | again                   | The person has to use strong authentication | A policy asks for it
50076   |        | again policy            | The person has to use multi-factor authentication | A policy asks for it, since the last sign-in
50078   |        | again                   | The multi-factor authentication is too old | A policy asks for it again
50079   |        | again                   | The person has to enrol in multi-factor authentication | A policy asks for it
50158   |        | again                   | Another check of the person is needed | A policy asks for it
53000   | person | policy                  | The device does not comply with the organisation's rules | A Conditional Access policy
53001   | person | policy                  | The device is not joined to the organisation | A Conditional Access policy
53002   | person | policy                  | The application is not an approved one | A Conditional Access policy
53003   | person | policy                  | Conditional Access blocked the sign-in | A Conditional Access policy, which may be about where this server is
530032  | person | policy                  | A security policy blocked the sign-in | A policy of the organisation
530035  | person | policy                  | Security defaults blocked the sign-in | The way to sign in is not allowed
53004   | person | policy                  | The person has to register for multi-factor authentication, at a risk | A policy of the organisation
53010   | person | policy                  | The person cannot register for multi-factor authentication here | A policy of the organisation
53011   | person | policy                  | The person is blocked, at a risk | A policy of the organisation
50005   | person | policy                  | The device's platform is not supported | A Conditional Access policy
50097   | person | policy                  | The device has to authenticate | A Conditional Access policy
50129   | person | policy                  | The device is not joined to the workplace | A Conditional Access policy
50131   | person | policy                  | Conditional Access refused | A Conditional Access policy
500021  | person | policy                  | Access to this tenant is restricted | Tenant restrictions of the person's network
500022  | person | policy                  | Access to this tenant is restricted | Tenant restrictions of the person's network
500212  | person | policy                  | Cross-tenant access is not allowed by the person's own organisation | A cross-tenant policy
500213  | person | policy                  | Cross-tenant access is not allowed by this organisation | A cross-tenant policy

54005   |        | again                   | The code was redeemed before | The callback was loaded twice
70008   |        | again                   | The code or refresh token has expired | The sign-in took more than ten minutes; it was not used for long
70000   |        | again                   | The code or refresh token is not valid | It is another application's, or was damaged
9002313 |        | again                   | The code or refresh token is malformed | It was damaged
700005  |        | again tenant            | The code belongs to another tenant's address | AZURE_TENANT_ID changed during the sign-in
700082  |        | again                   | The refresh token was not used for 90 days | The person was away
700081  |        | again                   | The refresh token has reached the end of its life | A policy limits it
700084  |        | platform again          | The refresh token was a single-page application's, which ends after 24 hours | The redirect URI is registered under Single-page application
50173   |        | again                   | The sign-in was revoked | The password was reset, or an administrator revoked the sessions
50132   |        | again                   | The session was revoked | The password was reset, or an administrator revoked the sessions
50133   |        | again                   | The session is not valid any more | The password was changed
165000  |        | again                   | The page belongs to another sign-in | An address was copied from one browser to another; cookies are blocked
50089   |        | again                   | The sign-in has expired | It took too long
70044   |        | again policy            | The sign-in is too old for a Conditional Access policy | A policy has people sign in again after some time
500121  | person | again                   | The strong authentication failed | The person declined, or answered too late
70043   |        | again policy            | The sign-in is too old for a Conditional Access policy | A policy has people sign in again after some time
501481  |        | again report            | The code verifier is not the one of the sign-in | Two sign-ins were mixed up
50147   |        | report                  | The code challenge is missing or malformed | A fault of the software that asked
501491  |        | report                  | The code challenge has a wrong length | A fault of the software that asked
500131  |        | report                  | The token to act on behalf of a person with is for another application | Another program than this server asked
500133  |        | clock again             | The token to act on behalf of a person with is not valid now | The clock of this machine is wrong; the token has expired
50013   |        | report cloud            | The token to act on behalf of a person with cannot be verified | It was altered, or is of another cloud
7000114 |        | report                  | An application's own token cannot act on behalf of a person | Another program than this server asked
50027   |        | report                  | A token is malformed | A fault of the software that asked

900144  |        | report                  | A parameter is missing | A fault of the software that asked
90014   |        | report                  | A parameter is missing | A fault of the software that asked
9000411 |        | report                  | A parameter was sent twice | A fault of the software that asked
900561  |        | report                  | The endpoint takes POST only | It was opened in a browser; a redirect turned POST into GET
70003   |        | report                  | The grant type is not supported | A fault of the software that asked
70005   |        | report                  | The response type is not supported | A fault of the software that asked
700054  |        | report                  | The application may not get an ID token from the authorization endpoint | The implicit grant is off, and should be
70007   |        | report                  | The response mode is not supported | A fault of the software that asked
90023   |        | report                  | A parameter has a value that is not supported | entra.prompt is not one of Entra's words
90100   |        | report                  | A parameter is empty or not valid | A fault of the software that asked
90102   |        | report                  | The address of the sign-in is malformed | A fault of the software that asked
90015   |        | report                  | The address of the sign-in is too long | Too many scopes or hints
90056   |        | report                  | The resource is not there, or the code was not sent by POST | A fault of the software that asked
70016   |        | retry                   | The person has not entered the device code yet | It is waited for
70018   |        | again                   | The device code was entered wrongly | The person mistyped it
70020   |        | again                   | The device code has expired | It was not entered within 15 minutes

50196   | passes | retry                   | Entra saw the same request over and over | A loop, or many refreshes at once
90055   | passes | retry                   | Too many requests | Entra throttles this application
90033   | passes | retry                   | A service of Entra is not available for the moment | An outage
90024   | passes | retry                   | Entra's request budget is exceeded | An outage
90006   | passes | retry                   | Entra is not available for the moment | An outage
90012   | passes | retry                   | Entra timed out | An outage
90090   | passes | retry                   | Entra timed out | An outage
50033   | passes | retry                   | Entra had a retryable error | An outage
50000   | passes | retry                   | Entra had an error issuing a token | An outage
70012   | passes | retry                   | Entra had a server error | An outage
`

/** Every number that is known here. Data from Microsoft's reference; to be corrected in the table. */
export const AADSTS: ReadonlyMap<number, AadstsEntry> = new Map(
  TABLE.split('\n').filter(Boolean).map(parseRow),
)

function parseRow(row: string): [number, AadstsEntry] {
  const [code, kind, cures, title, causes] = row.split('|').map((cell) => cell.trim())
  const entry = {
    code: Number(code),
    title: title as string,
    causes: (causes as string).split('; '),
    cures: (cures as string).split(' ') as [CureId, ...CureId[]],
    isPersons: kind === 'person',
    isTransient: kind === 'passes',
  }
  return [entry.code, entry]
}
