import { type Defence, defencesOf } from './defence.ts'

const BARRED = ['attacks/barred']
const RULES = ['core/protected-resource/revocations']
const API = ['operator/api']

/** What the operator has ended, and who may end it. */
export const OPERATOR_DEFENCES: readonly Defence[] = [
  ...defencesOf('core/grants/authorization-code.ts', BARRED, [
    [
      'operator: a sign-in that is under way while its person is blocked',
      '  await refuseBarred({ grant, version: 1 }, context)\n',
      '',
    ],
    [
      'operator: whoever comes again after everybody was signed out',
      'createdAt: Math.max(now(), endedUntil + 1)',
      'createdAt: now()',
    ],
  ]),
  ...defencesOf('core/grants/presented-grant.ts', BARRED, [
    [
      'operator: a refresh of what was ended with all others',
      'if (grant.createdAt > revoked.endedUntil(person, grant.client.digest)) return',
      'return',
    ],
  ]),
  ...defencesOf(
    'core/grants/refresh-token.ts',
    ['attacks/half-revoked'],
    [
      [
        'operator: a refresh of a grant that only its rule ends',
        'context.revoked.has(held.grant.id)',
        'false',
      ],
    ],
  ),
  ...defencesOf(
    'core/moved-records.ts',
    ['core/moved-records'],
    [
      [
        'operator: an export that lifts a block',
        "if (brought.key.startsWith('barred:')) return false",
        '',
      ],
      [
        'operator: an export that names a key nobody has',
        'value: keepStoreKeys(record.value, keyring)',
        'value: record.value',
      ],
    ],
  ),
  ...defencesOf(
    'cli/commands/store-export.ts',
    ['cli/store-export'],
    [
      ['operator: who is revoked behind an export', 'if (grant) await writer.record(grant)', ''],
      [
        'operator: who is blocked behind an export',
        'if (!barred.has(record.key)) await writer.record(record)',
        '',
      ],
    ],
  ),
  ...defencesOf(
    'adapters/opentelemetry.ts',
    ['adapters/opentelemetry'],
    [
      [
        'operator: a secret in the path of a request, in its span',
        'traceRequest(step, step.request, step.name, run)',
        'traceRequest(step, step.request, new URL(step.request.url).pathname, run)',
      ],
    ],
  ),
  ...defencesOf('core/operator/end-sessions.ts', BARRED, [
    [
      'operator: tokens that are renewed while their person is blocked',
      'const rule = await revocations.end(kind, id)',
      'const rule = { issuedUntil: Number.POSITIVE_INFINITY }',
    ],
  ]),
  ...defencesOf('core/protected-resource/revocations.ts', RULES, [
    [
      'operator: tokens that were renewed after the rule',
      'const { gat = claims.iat } = claims',
      'const gat = claims.iat',
    ],
    [
      'operator: replicas whose clock is ahead',
      'return put({ kind, id, issuedUntil: now + CLOCK_SKEW, expiresAt })',
      'return put({ kind, id, issuedUntil: now, expiresAt })',
    ],
    ['operator: a reading that hangs', 'readings >= MAX_READINGS', 'readings >= 1'],
    [
      'operator: a feed of several pages',
      'isMore = page.isMore === true && page.cursor !== cursor',
      'isMore = false',
    ],
  ]),
  ...defencesOf(
    'core/entrance.ts',
    ['attacks/open-streams'],
    [
      [
        'operator: a stream that is open',
        'openAnswers.hold(given, () => authenticate(presented).isAllowed)',
        'openAnswers.hold(given, () => true)',
      ],
    ],
  ),
  ...defencesOf('operator/api-request.ts', API, [
    [
      'operator: DNS rebinding',
      '!isAddress && !LOOPBACK.has(hostname) && !hosts.includes(hostname)',
      'hostname === hosts[0]',
    ],
    [
      'operator: pages of a browser',
      "headers.get('origin') === null && (site === null || site === 'none')",
      'site !== undefined',
    ],
    ['operator: long bodies', 'size > MAX_BODY', 'size > 100 * MAX_BODY'],
  ]),
  ...defencesOf('operator/api.ts', API, [
    [
      'operator: guessed tokens',
      'expected && timingSafeEqual(digestOf(presented), expected)',
      'expected',
    ],
    ['operator: many guesses', '++wrong > WRONG_TOKENS', '++wrong > 1e6'],
  ]),
  ...defencesOf('core/entra/verify-role.ts', API, [
    ['operator: a program without the app role', '!roles.includes(role)', 'roles.length > 1e6'],
  ]),
  ...defencesOf(
    'core/entra/verify-role.ts',
    ['attacks/operator-tokens'],
    [
      ['operator: an ID token', "typeof claims.azp !== 'string'", "claims.azp === ''"],
      ["operator: a role of a customer's own", 'tenants?.size === 1 && ', 'tenants && '],
      ['operator: tokens of version 1', "claims.ver !== '2.0'", "claims.ver === '0'"],
      [
        'operator: tokens for another application',
        '![options.clientId, options.identifierUri].includes(String(claims.aud))',
        "String(claims.aud) === ''",
      ],
      [
        'operator: tokens of another tenant',
        "  checkCommon(claims, 'access token', { ...options, issuer })\n",
        '',
      ],
    ],
  ),
  ...defencesOf('core/operator/find-client.ts', API, [
    ["operator: another spelling of a client's address", 'if (!fault) return', 'if (true) return'],
  ]),
  ...defencesOf('core/operator/operator.ts', API, [
    [
      'operator: an operator who is blocked',
      "!(await context.barred.has('person', person))",
      "person !== ''",
    ],
  ]),
  ...defencesOf(
    'operator/http.ts',
    ['operator/http'],
    [
      [
        'operator: DNS rebinding at the metrics',
        'options.isLoopback && !LOOPBACK.has(hostname)',
        "options.isLoopback && hostname === ''",
      ],
    ],
  ),
  ...defencesOf(
    'operator/metrics.ts',
    ['operator/metrics'],
    [
      ['metrics: labels without end', 'series.size >= MAX_SERIES', 'series.size >= 1e9'],
      [
        'metrics: a label that ends its quotes',
        "text.replaceAll('\\\\', '\\\\\\\\').replaceAll('\"', '\\\\\"')",
        'text',
      ],
    ],
  ),
]
