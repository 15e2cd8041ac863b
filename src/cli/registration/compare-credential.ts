import { type Comparison, difference, listed, patchApplication } from './difference.ts'
import type {
  Application,
  DesiredCredential,
  Difference,
  KeyCredential,
  PasswordCredential,
} from './types.ts'

/** How long before its end a credential is replaced, in milliseconds. */
export const EXPIRING = 30 * 24 * 3600 * 1000

/** What the server proves itself with. */
export function compareCredential(comparison: Comparison, now: number): Difference[] {
  const { credential } = comparison.desired
  if (!credential) return []
  if (credential.kind === 'secret') return compareSecret(comparison, credential, now)
  if (credential.kind === 'certificate') return compareCertificate(comparison, credential)
  return compareFederated(comparison, credential)
}

const CREDENTIALS = 'App registrations → the application → Certificates & secrets'

type Secret = Extract<DesiredCredential, { kind: 'secret' }>

function compareSecret(comparison: Comparison, wanted: Secret, now: number): Difference[] {
  const reason = whyNewSecret(comparison.application, wanted, now)
  if (!reason) return []
  const { displayName, endDateTime } = wanted
  const path = `/applications/${comparison.application.id}/addPassword`
  return [
    difference(comparison, {
      severity: 'error',
      ...reason,
      why:
        reason.why ??
        'Without a secret that Entra knows no code is redeemed (AADSTS7000215, AADSTS7000218).',
      portal: [
        `${CREDENTIALS} → Client secrets → New client secret`,
        `Description: ${displayName}`,
        'Add; copy the Value now (it is shown once), not the Secret ID',
      ],
      calls: [
        {
          method: 'POST',
          path,
          body: { passwordCredential: { displayName, endDateTime } },
          why: 'Create a client secret',
          gives: { $SECRET: 'secretText' },
        },
      ],
    }),
  ]
}

type Reason = Pick<Difference, 'id' | 'what'> & Partial<Difference>

function whyNewSecret(application: Application, wanted: Secret, now: number): Reason | undefined {
  const { secret, isRefused, isRenewed } = wanted
  if (isRenewed) return { id: 'secret-renewed', what: 'A new client secret is asked for.' }
  if (!secret) return { id: 'secret-missing', what: 'No client secret is configured.' }
  const known = matchingSecrets(application, secret)
  if (known.length === 0 || isRefused) {
    const expected = listed(application.passwordCredentials.map(describeSecret))
    const what = 'The client secret that is configured is none of the registration’s.'
    if (known.every((one) => Date.parse(one.endDateTime) > now)) {
      return { id: 'secret-unknown', what, expected, found: 'another one' }
    }
  }
  const end = Math.max(...known.map((one) => Date.parse(one.endDateTime)))
  const date = new Date(end).toISOString().slice(0, 10)
  if (end <= now) return { id: 'secret-expired', what: `The client secret ended on ${date}.` }
  if (end - now > EXPIRING) return undefined
  return {
    id: 'secret-expiring',
    severity: 'warning',
    what: `The client secret ends on ${date}.`,
    why: 'From then on nobody can sign in (AADSTS7000222).',
    expected: 'more than 30 days from now',
    found: date,
  }
}

/** Of a secret Graph shows the first three characters, which is enough to tell ours from others. */
export function matchingSecrets(
  { passwordCredentials }: Pick<Application, 'passwordCredentials'>,
  secret: string,
): readonly PasswordCredential[] {
  return passwordCredentials.filter(({ hint }) => !hint || secret.startsWith(hint))
}

function describeSecret({ displayName, endDateTime }: PasswordCredential): string {
  return `"${displayName ?? 'without a name'}" until ${endDateTime.slice(0, 10)}`
}

type Certificate = Extract<DesiredCredential, { kind: 'certificate' }>

function compareCertificate(comparison: Comparison, wanted: Certificate): Difference[] {
  const { keyCredentials } = comparison.application
  if (keyCredentials.some(({ key }) => key === wanted.certificate)) return []
  const added: KeyCredential = {
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
    key: wanted.certificate,
    displayName: wanted.displayName,
    endDateTime: wanted.endDateTime,
  }
  // All of them: the list is replaced.
  const body = { keyCredentials: [...keyCredentials, added] }
  return [
    difference(comparison, {
      id: 'certificate-missing',
      severity: 'error',
      what: 'The registration does not have the certificate that is configured.',
      why: 'Entra then takes no assertion that its key signs (AADSTS700027).',
      expected: wanted.displayName,
      found: listed(keyCredentials.map(({ displayName }) => displayName ?? 'without a name')),
      portal: [`${CREDENTIALS} → Certificates → Upload certificate`, 'Add'],
      calls: [patchApplication(comparison, body, 'Upload the certificate')],
    }),
  ]
}

type Federated = Extract<DesiredCredential, { kind: 'federated' }>

function compareFederated(comparison: Comparison, wanted: Federated): Difference[] {
  const { application, registration } = comparison
  const { name, issuer, subject, audience } = wanted
  const found = registration?.federatedCredentials ?? []
  // Entra compares character by character.
  const isThere = found.some(
    (one) => one.issuer === issuer && one.subject === subject && one.audiences.includes(audience),
  )
  if (isThere) return []
  const path = `/applications/${application.id}/federatedIdentityCredentials`
  const taken = new Set(found.map((one) => one.name))
  const free = [name, ...Array.from({ length: 20 }, (_, i) => `${name}-${i + 2}`)].find(
    (one) => !taken.has(one),
  )
  return [
    difference(comparison, {
      id: 'federated-credential-missing',
      severity: 'error',
      what: 'The registration does not trust the identity that the server runs as.',
      why: 'Entra then takes none of its tokens (AADSTS700211, AADSTS700213).',
      expected: `issuer ${issuer}, subject ${subject}`,
      found: listed(found.map((one) => `issuer ${one.issuer}, subject ${one.subject}`)),
      portal: [
        `${CREDENTIALS} → Federated credentials → Add credential → Other issuer`,
        `Issuer: ${issuer}`,
        `Value (subject identifier): ${subject}`,
        `Name: ${free}; Audience: ${audience}`,
        'Add',
      ],
      calls: [
        {
          method: 'POST',
          path,
          body: { name: free, issuer, subject, audiences: [audience] },
          why: 'Trust the identity that the server runs as',
        },
      ],
    }),
  ]
}
