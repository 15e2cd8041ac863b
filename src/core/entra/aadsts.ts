/** What an AADSTS number means here, and what to do about it. */
export type Aadsts = {
  readonly cure: string
  /** The person chose, or is not let in: the client is told `access_denied`. */
  readonly isPersons?: true
  /** The same request may succeed later. */
  readonly isTransient?: true
}

const SECRET =
  "Create a new client secret under 'Certificates & secrets' and put its Value, not its ID, into ENTRA_PROXY_AZURE_CLIENT_SECRET."
const CLIENT_ID =
  'Compare ENTRA_PROXY_AZURE_CLIENT_ID and AZURE_TENANT_ID with the overview page of the app registration.'
const TENANT = 'Put the Directory (tenant) ID of the app registration into AZURE_TENANT_ID.'
const PLATFORM =
  "Under Authentication, register the callback address for the platform 'Web', and remove it from the others."
const ID_URI =
  "Under 'Expose an API', set the Application ID URI to api://<Application (client) ID>, the form this server asks for."
const SCOPE =
  "Under 'Expose an API', add the scope mcp-access, and those of additionalScopes, and enable them."
const ONE_RESOURCE = 'Ask for one resource only; report this, for this server does so by itself.'
const ADMIN_CONSENT =
  "An administrator has to consent: 'API permissions', then 'Grant admin consent'."
const AGAIN = 'Sign in again.'
const LATER = 'Try again in a moment.'
const POLICY =
  "A policy of the organisation refuses this sign-in; its administrators find it in Entra's sign-in logs."
const CERTIFICATE = 'Check which credential of the app registration is in use here.'

/** By number: data from Entra's reference, to be corrected here when Entra changes. */
const TABLE: ReadonlyMap<number, Aadsts> = new Map<number, Aadsts>([
  ...all([90002, 900023, 50194, 90130, 90124, 9001023, 9002332], { cure: TENANT }),
  ...all([90038, 900439, 900382, 900432, 90051], {
    cure: 'The tenant belongs to another cloud: set ENTRANCE_AUTHORITY to its login host.',
  }),
  ...all([700016, 700038], { cure: CLIENT_ID }),
  ...all([7000112, 70001], {
    cure: "Enable the application: 'Enterprise applications', Properties, 'Enabled for users to sign-in'.",
  }),
  ...all([50011, 500112, 500113, 900971], {
    cure: 'Under Authentication, Web, register exactly <ENTRANCE_URL>/auth/callback.',
  }),
  ...all([9002325, 9002326, 9002327, 700025], { cure: PLATFORM }),
  ...all([7000215, 7000222, 7000218, 70002], { cure: SECRET }),
  ...all([700027, 700024, 7000214, 7000277, 50012], { cure: CERTIFICATE }),
  ...all([500011, 90009], { cure: ID_URI }),
  ...all([650053, 70011], { cure: SCOPE }),
  ...all([28000, 28002, 28003, 9010010, 901002], { cure: ONE_RESOURCE }),
  ...all([65005, 650056, 650057, 650052, 650054, 90008], {
    cure: "Add the permission under 'API permissions'.",
  }),
  ...all([90094, 90095], { cure: ADMIN_CONSENT, isPersons: true }),
  ...all([65001], { cure: 'Sign in again and consent to what the application asks for.' }),
  ...all([65004], { cure: 'Sign in again and accept, to go on.', isPersons: true }),
  ...all([50105], {
    cure: "Assign the person to the application, or turn off 'Assignment required'.",
    isPersons: true,
  }),
  ...all([50020, 50034, 51004, 50014, 90072, 16003], {
    cure: "Sign in with an account of the server's own organisation.",
    isPersons: true,
  }),
  ...all([50053, 50055, 50056, 50057, 50126, 50144], {
    cure: "The account itself is locked, disabled or expired; the organisation's administrators can tell.",
    isPersons: true,
  }),
  ...all([53000, 53001, 53002, 53003, 530032, 530035, 53004, 50005, 50097, 50129, 50131], {
    cure: POLICY,
    isPersons: true,
  }),
  ...all([50058, 50072, 50074, 50076, 50078, 50079, 50158, 16000, 70043], { cure: AGAIN }),
  ...all([54005, 70008, 70000, 9002313, 700005, 700081, 700082, 700084, 501481], { cure: AGAIN }),
  ...all([50173, 50132, 50133, 50089], { cure: AGAIN }),
  ...all([90055, 90033, 90024, 90006, 90012, 90090, 50033, 50000, 50196, 70012], {
    cure: LATER,
    isTransient: true,
  }),
])

/** Where Entra gave no number, or one we do not know: by its OAuth error word. */
const BY_ERROR: ReadonlyMap<string, Aadsts> = new Map<string, Aadsts>([
  ['invalid_client', { cure: SECRET }],
  ['unauthorized_client', { cure: CLIENT_ID }],
  ['invalid_grant', { cure: AGAIN }],
  ['interaction_required', { cure: AGAIN }],
  ['consent_required', { cure: AGAIN }],
  ['login_required', { cure: AGAIN }],
  ['invalid_scope', { cure: SCOPE }],
  ['invalid_resource', { cure: ID_URI }],
  ['invalid_target', { cure: ONE_RESOURCE }],
  ['access_denied', { cure: AGAIN, isPersons: true }],
  ['temporarily_unavailable', { cure: LATER, isTransient: true }],
  ['server_error', { cure: LATER, isTransient: true }],
])

/** Says what Entra's error means. The word decides where the number is unknown. */
export function findAadsts(code: number | undefined, error: string | undefined): Aadsts {
  const known = code === undefined ? undefined : TABLE.get(code)
  const fallback = { cure: "Look the number up in Entra's sign-in logs, by its correlation id." }
  return known ?? BY_ERROR.get(error ?? '') ?? fallback
}

/** Reads the number, and the ids that support asks for, out of Entra's description. */
export function parseDescription(description: string | undefined) {
  // Bounded, and on one line of visible characters: it comes through a browser, and goes into a log.
  const text = (description ?? '').slice(0, 2000).replace(/[\p{C}\p{Z}]+/gu, ' ')
  const id = (label: string) => new RegExp(`${label}: ([0-9a-f-]{36})`, 'i').exec(text)?.[1]
  const number = /AADSTS(\d{4,9})/.exec(text)?.[1]
  return {
    code: number ? Number(number) : undefined,
    traceId: id('Trace ID'),
    correlationId: id('Correlation ID'),
    /** The sentence itself, without the ids behind it. */
    sentence: text
      .replace(/ ?Trace ID:.*$/i, '')
      .trim()
      .slice(0, 400),
  }
}

function all(codes: readonly number[], entry: Aadsts): [number, Aadsts][] {
  return codes.map((code) => [code, entry])
}
