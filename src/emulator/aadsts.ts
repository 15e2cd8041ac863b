/** One of Entra's numbered errors, as it goes on the wire. */
export type AadstsEntry = {
  /** The OAuth error word. */
  readonly error: string
  readonly suberror?: string
  /** Entra shows these on its own page and never tells the client. */
  readonly isPageOnly: boolean
  /** Entra leaves `error_uri` out for some codes. */
  readonly hasErrorUri: boolean
  /** Text behind `AADSTSnnnn: `; `{name}` is filled in. */
  readonly text: string
}

// code | error word | marks | text. Marks: `page` is isPageOnly, `uri` is hasErrorUri, `sub=` is suberror.
// As of November 2026; Microsoft may change codes, words and texts at any time.
const TABLE = `
90002   | invalid_request        | page uri | Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.
900023  | invalid_request        | page uri | Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.
90038   | invalid_request        | page     | Tenant '{tenant}' request is being redirected to the National Cloud '{cloud}'.
700016  | unauthorized_client    | page uri | Application with identifier '{id}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.
700038  | unauthorized_client    | page     | {id} is not a valid application identifier.
7000112 | unauthorized_client    | page uri | Application '{id}'({name}) is disabled.
7000229 | unauthorized_client    | uri      | The client application {id} is missing service principal in the tenant {tenant}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119
50194   | invalid_request        | page uri | Application '{id}'({name}) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant.
9002331 | invalid_request        | page     | Application '{id}'({name}) is configured for use by Microsoft Account users only. Please use the /consumers endpoint to serve this request.
9002332 | invalid_request        | page     | Application '{id}'({name}) is configured for use by Azure Active Directory users only. Please do not use the /consumers endpoint to serve this request.
9001023 | invalid_request        |          | The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.
50011   | invalid_request        | page uri | The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the application '{id}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to troubleshoot this issue.
500112  | invalid_client         | uri      | The reply address '{sent}' does not match the reply address '{expected}' provided when requesting Authorization code.
500113  | invalid_request        | page     | No reply address is registered for the application.
900971  | invalid_request        | page     | No reply address provided.
9002325 | invalid_request        |          | Proof Key for Code Exchange is required for cross-origin authorization code redemption.
9002326 | invalid_request        |          | Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: '{origin}'.
9002327 | invalid_request        |          | Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.
7000215 | invalid_client         | uri      | Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{id}'.
7000216 | invalid_client         | uri      | 'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.
7000218 | invalid_client         | uri      | The request body must contain the following parameter: 'client_assertion' or 'client_secret'.
7000222 | invalid_client         | uri      | The provided client secret keys for app '{id}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.
700025  | invalid_client         | uri      | Client is public so neither 'client_assertion' nor 'client_secret' should be presented.
700027  | invalid_client         | uri      | The certificate with identifier used to sign the client assertion is not registered on application. [Reason - {reason}, Thumbprint of key used by client: '{wanted}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{id}'.]
700021  | invalid_client         | uri      | Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .
700023  | invalid_client         | uri      | Client assertion audience claim does not match Realm issuer. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .
700024  | invalid_client         | uri      | Client assertion is not within its valid time range. Current time: {now}, assertion valid from {start}, expiry time of assertion {end}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .
50027   | invalid_request        | uri      | JWT token is invalid or malformed.
50048   | invalid_client         | uri      | Subject must match Issuer claim in the client assertion. [sub: {sub}], [iss: {iss}]
50166   | invalid_request        |          | Request to External OIDC endpoint failed.
700211  | invalid_client         | uri      | No matching federated identity record found for presented assertion issuer '{value}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation
700212  | invalid_client         | uri      | No matching federated identity record found for presented assertion audience '{value}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation
700213  | invalid_client         | uri      | No matching federated identity record found for presented assertion subject '{value}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation
700222  | invalid_client         | uri      | AAD-issued tokens may not be used for federated identity flows.
700229  | invalid_client         | uri      | Only app-only tokens can be used as Federated Identity Credentials for AAD issuer.
50013   | invalid_grant          | uri      | Assertion failed signature validation. [Reason - {reason}]
500131  | invalid_grant          | uri      | Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was '{audience}' and the expected audience is one of the Application Uris of this application with App ID: '{id}'({name}).
500133  | invalid_grant          | uri      | Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token. Current time: {now}, expiry time of assertion {end}.
7000114 | invalid_grant          | uri      | Application '{id}' is not allowed to make application on-behalf-of calls.
500011  | invalid_resource       | uri      | The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.
500014  | invalid_resource       | uri      | The service principal for resource '{resource}' is disabled. This indicate that a subscription within the tenant has lapsed, or that the administrator for this tenant has disabled the application, preventing tokens from being issued for it.
650053  | invalid_client         |          | The application '{name}' asked for scope '{scope}' that doesn't exist on the resource '{resource}'. Contact the app vendor.
650057  | invalid_resource       |          | Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration. Client app ID: {id}({name}). Resource value from request: {resource}.
70011   | invalid_scope          |          | The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.
1002012 | invalid_scope          |          | The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).
28000   | invalid_request        |          | Provided value for the input parameter scope is not valid because it contains more than one resource. Scope {scope} is not valid.
700022  | invalid_request        |          | The provided value for the input parameter scope is not valid because it contains more than one resource. Scope {scope} is not valid.
28003   | invalid_request        |          | Provided value for the input parameter scope cannot be empty when requesting an access token using the provided authorization code. Please specify a valid scope.
901002  | invalid_request        |          | The 'resource' request parameter is not supported.
9010010 | invalid_target         |          | The resource parameter provided in the request doesn't match with the requested scopes.
90009   | invalid_request        |          | Application '{id}'({name}) is requesting a token for itself. This scenario is supported only if resource is specified using the GUID based App Identifier.
65001   | invalid_grant          | sub=consent_required | The user or administrator has not consented to use the application with ID '{id}' named '{name}'. Send an interactive authorization request for this user and resource.
65004   | access_denied          | uri      | User declined to consent to access the app.
90094   | access_denied          |          | The grant requires administrator permission.
90095   | access_denied          |          | Admin consent is required for the permissions requested by this application. An admin consent request may be sent to the admin.
65002   | invalid_request        | page     | Consent between first party application '{id}' and first party resource '{resource}' must be configured via preauthorization - applications owned and operated by Microsoft must get approval from the API owner before requesting tokens for that API.
650052  | invalid_client         |          | The app needs access to a service ('{resource}') that your organization '{tenant}' has not subscribed to or enabled. Contact your IT Admin to review the configuration of your service subscriptions.
50020   | invalid_grant          | page     | User account '{upn}' from identity provider '{idp}' does not exist in tenant '{tenant}' and cannot access the application '{id}'({name}) in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account.
500200  | invalid_request        | page     | User account '{upn}' is a personal Microsoft account. Personal Microsoft accounts are not supported for this application unless explicitly invited to an organization. Try signing out and signing back in with an organizational account.
500201  | invalid_request        | page     | We are unable to issue tokens from this API version for a Microsoft account. Please contact the application vendor as they need to use version 2.0 of the protocol to support this.
500207  | invalid_request        | page     | The account type can't be used for the resource you're trying to access.
50034   | invalid_grant          | page     | The user account {upn} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.
50057   | invalid_grant          | page     | The user account is disabled.
50049   | invalid_instance       |          | Unknown or invalid instance.
16000   | interaction_required   |          | Either multiple user identities are available for the current request or selected account is not supported for the scenario.
50058   | login_required         |          | A silent sign-in request was sent but no user is signed in.
50076   | interaction_required   | uri sub=basic_action | Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{id}'.
50079   | interaction_required   | uri sub=basic_action | Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '{id}'.
500121  | access_denied          | page     | Authentication failed during strong authentication request.
53000   | interaction_required   | page sub=additional_action | Device is not in required device state: {state}. Conditional Access policy requires a compliant device, and the device is not compliant. The user must enroll their device with an approved MDM provider like Intune.
53003   | invalid_grant          | page sub=message_only | Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.
70043   | invalid_grant          | sub=token_expired | The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access. The token was issued on {issued} and the maximum allowed lifetime for this request is {lifetime}.
70044   | interaction_required   |          | The session has expired or is invalid due to sign-in frequency checks by Conditional Access.
90072   | invalid_grant          | page     | User account '{upn}' from identity provider '{idp}' does not exist in tenant '{tenant}' and cannot access the application '{id}'({name}) in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account.
50126   | invalid_grant          |          | Error validating credentials due to invalid username or password.
50105   | invalid_grant          | page     | Your administrator has configured the application {name} ('{id}') to block users unless they are specifically granted ('assigned') access to the application. The signed-in user '{upn}' is blocked because they are not a direct member of a group with access, nor had access directly assigned by an administrator. Please contact your administrator to assign access to this application.
501051  | invalid_grant          |          | Application '{id}'({name}) is not assigned to a role for the application '{resource}'({api}).
50173   | invalid_grant          | uri      | The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before which tokens are not valid) for this user is '{validFrom}'.
165000  | invalid_request        | page     | Invalid Request: The request tokens do not match the user context. Do not copy the user context values (cookies; form fields; headers) between different requests or user sessions; always maintain the ALL of the supplied values across a complete single user flow.
54005   | invalid_grant          | uri      | OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.
70000   | invalid_grant          |          | Provided grant is invalid or malformed.
70008   | invalid_grant          | uri      | The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.
70016   | authorization_pending  |          | OAuth 2.0 device flow error. Authorization is pending. Continue polling.
70018   | bad_verification_code  |          | Invalid verification code due to User typing in wrong user code for device code flow. Authorization is not approved.
70020   | expired_token          |          | The provided value for the input parameter 'device_code' is not valid. This device code has expired.
700005  | invalid_grant          |          | Provided Authorization Code is intended to use against other tenant, thus rejected.
700082  | invalid_grant          | uri      | The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive for 90.00:00:00.
700084  | invalid_grant          |          | The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00, which cannot be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page. The token was issued on {issued}.
9002313 | invalid_grant          | uri      | Invalid request. Request is malformed or invalid.
501481  | invalid_grant          | uri      | The Code_Verifier does not match the code_challenge supplied in the authorization request.
501491  | invalid_request        |          | Invalid size of Code_Challenge parameter.
900144  | invalid_request        | uri      | The request body must contain the following parameter: '{name}'.
9000411 | invalid_request        |          | The request is not properly formatted. The parameter '{name}' is duplicated.
900561  | invalid_request        |          | The endpoint only accepts POST requests. Received a {method} request.
70003   | unsupported_grant_type |          | The app requested an unsupported grant type '{grant}'.
700054  | unsupported_response_type | uri   | response_type 'id_token' is not enabled for the application.
70005   | unsupported_response_type |       | The provided value for the input parameter 'response_type' is not valid. Expected value is 'code'.
70007   | unsupported_response_mode |       | '{mode}' is not a supported value of 'response_mode' when requesting a {wanted}.
90023   | invalid_request        |          | The value '{value}' of the parameter '{name}' is not valid.
90100   | invalid_request        |          | The request is too long.
90033   | temporarily_unavailable |         | A transient error has occurred. Please try again.
90055   | temporarily_unavailable |         | The server has terminated the request because there are too many requests.
50000   | server_error           |          | There was an error issuing a token or an issue with our sign-in service.
`

/** Every error the emulator can answer with, by the number behind AADSTS. */
export const AADSTS: ReadonlyMap<number, AadstsEntry> = new Map(
  TABLE.trim().split('\n').map(parseRow),
)

function parseRow(row: string): [number, AadstsEntry] {
  const [code, error, marks, ...text] = row.split('|').map((cell) => cell.trim())
  const words = (marks as string).split(' ')
  const suberror = words.find((word) => word.startsWith('sub='))?.slice(4)
  const entry = {
    error: error as string,
    ...(suberror !== undefined && { suberror }),
    isPageOnly: words.includes('page'),
    hasErrorUri: words.includes('uri'),
    text: text.join('|'),
  }
  return [Number(code), entry]
}
