import { type Defence, defencesOf } from './defence.ts'

const CREDENTIALS = ['core/entra/credentials']
const METADATA = ['core/entra/metadata', 'core/entra/tenants']

/** What keeps the server's own credential to itself, and what it gets for it to whom it is meant for. */
export const CREDENTIAL_DEFENCES: readonly Defence[] = [
  ...defencesOf(
    'core/entra/credentials/local-request.ts',
    ['core/entra/managed-identity'],
    [
      ['credentials: a managed identity is asked for past every proxy', 'agent: false, ', ''],
      [
        'credentials: what a managed identity endpoint says is bounded',
        'if (size > MAX_BYTES) call.destroy',
        'if (size < 0) call.destroy',
      ],
    ],
  ),
  ...defencesOf(
    'core/entra/credentials/managed-identity.ts',
    ['core/entra/managed-identity'],
    [
      [
        'credentials: a managed identity is asked for once for all',
        'underWay ??= requestToken',
        'underWay = requestToken',
      ],
    ],
  ),
  ...defencesOf('core/entra/credentials/assertion.ts', CREDENTIALS, [
    [
      'credentials: a token that has expired is not sent',
      'claims.exp <= Date.now() / 1000',
      'claims.exp <= 0',
    ],
    ['credentials: what is no signed JWT is not sent', 'if (!claims) throw', 'if (!text) throw'],
    [
      'credentials: a token of any length is not sent',
      'if (text.length > ASSERTION_MAX_LENGTH) throw',
      'if (text.length < 1) throw',
    ],
  ]),
  ...defencesOf('core/entra/credentials/workload-identity.ts', CREDENTIALS, [
    [
      'credentials: a token file is a file',
      "if (!(await file.stat()).isFile()) throw new Error('It is not a file.')",
      '',
    ],
  ]),
  ...defencesOf('core/entra/credentials/callback.ts', CREDENTIALS, [
    [
      'credentials: the words of a callback are on no page',
      "credentialError('getAssertion failed', options)",
      'credentialError(`${error}`, options)',
    ],
    ['credentials: the words of a callback are bounded', 'words.slice(0, 500)', 'words'],
    [
      'credentials: a callback has a time to come back',
      'await Promise.race([getAssertion(), late])',
      'await getAssertion()',
    ],
  ]),
  ...defencesOf('core/entra/credentials/certificate.ts', CREDENTIALS, [
    [
      'credentials: a certificate that has ended signs nothing',
      'if (Date.now() >= endsAt)',
      'if (!endsAt)',
    ],
  ]),
  ...defencesOf(
    'core/entra/credentials/certificate.ts',
    ['flows/credentials'],
    [
      [
        'credentials: what a certificate signs is for one address',
        '.setAudience(tokenEndpoint)',
        '.setAudience(clientId)',
      ],
      ['credentials: what a certificate signs is of one use', 'randomUUID()', "'always'"],
    ],
  ),
  ...defencesOf(
    'core/keys/certificate.ts',
    ['core/keys/certificate'],
    [
      [
        'credentials: a certificate goes with its key',
        'certificate.checkPrivateKey(privateKey)',
        'certificate.raw.length > 0',
      ],
      [
        'credentials: a key that Entra would refuse is refused',
        'if (bits < 2048)',
        'if (bits < 1)',
      ],
    ],
  ),
  ...defencesOf(
    'core/check-shapes.ts',
    ['core/check-entra'],
    [
      [
        'credentials: of two, none is taken',
        'if (clientSecret !== undefined) {',
        'if (clientSecret === null) {',
      ],
    ],
  ),
  ...defencesOf(
    'core/resolve-options.ts',
    ['core/check-entra'],
    [
      [
        "credentials: the header of Azure's endpoint is in no log",
        "credential.kind === 'managed-identity' ? [credential.identityHeader ?? ''] : []",
        '[]',
      ],
    ],
  ),
  ...defencesOf(
    'core/check-entra.ts',
    ['core/check-entra'],
    [
      [
        'credentials: a password in the address of the login host is not repeated',
        'isBare ? authority : shown(authority)',
        'authority',
      ],
    ],
  ),
  ...defencesOf(
    'core/guarded-log.ts',
    ['core/guarded-log'],
    [['log: a private key is not written', ".replace(PRIVATE_KEY, '[...]')", '']],
  ),
  ...defencesOf('core/entra/metadata.ts', METADATA, [
    [
      'metadata: its endpoints are on the login host',
      'URL.parse(endpoint)?.origin !== authority',
      'endpoint === authority',
    ],
    [
      'metadata: is not fetched from where it redirects to',
      "redirect: 'error',",
      "redirect: 'follow',",
    ],
    ['metadata: is bounded as it comes in', 'if (size > MAX_BYTES) return', 'if (size < 0) return'],
    [
      'metadata: a tenant of another cloud is noticed',
      'if (!asked || !own || asked === own) return',
      'return',
    ],
  ]),
  ...defencesOf(
    'core/entra/group-membership.ts',
    ['core/entra/group-membership'],
    [
      [
        "allow: Entra's no to the look-up itself is final",
        "findAadsts(code, error).isPersons ? 'access_denied' : undefined",
        'undefined',
      ],
    ],
  ),
]
