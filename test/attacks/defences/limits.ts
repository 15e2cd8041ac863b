import { type Defence, defencesOf } from './defence.ts'

const SCOPES = ['attacks/scopes']
const RATES = ['core/rate-limit', 'attacks/rate-limits']
const ADDRESS = ['core/client-address', 'attacks/rate-limits']

/** How much: scopes, requests, connections, and what is written down. */
export const LIMIT_DEFENCES: readonly Defence[] = [
  ...defencesOf('core/entra/entra.ts', SCOPES, [
    [
      'scope: Entra has the last word',
      "asked.split(' ').filter((name) => scopes.includes(name))",
      "asked.split(' ')",
    ],
    [
      'scope: what was not asked is not granted',
      "asked.split(' ').filter((name) => scopes.includes(name))",
      'scopes',
    ],
  ]),
  ...defencesOf(
    'core/entra/entra.ts',
    ['core/entra/calls'],
    [
      [
        'Entra: so many calls at once',
        'if (calls >= MAX_CALLS) throw tooManyCalls()',
        'if (calls < 0) throw tooManyCalls()',
      ],
    ],
  ),
  ...defencesOf(
    'core/scope.ts',
    ['attacks/scopes', 'core/scope'],
    [
      [
        'scope: a refresh asks for no more than was granted',
        'if (beyond === undefined) return\n',
        'return\n',
      ],
      [
        'scope: a refresh that asks for less gets less',
        'isWanted(name) && isOffered(name, config)',
        'isOffered(name, config)',
      ],
      [
        'scope: what is offered no more is granted no more',
        'isWanted(name) && isOffered(name, config)',
        'isWanted(name)',
      ],
      [
        'scope: is of bounded length',
        'if (text.length > SCOPE_MAX_LENGTH) {',
        "if (text === 'never') {",
      ],
    ],
  ),
  ...defencesOf(
    'core/protected-resource/require.ts',
    ['core/protected-resource/require'],
    [
      [
        'scope: a tool that needs several needs all of them',
        'if (names.every((name) => scopes.includes(name))) return',
        'if (names.some((name) => scopes.includes(name))) return',
      ],
      [
        'scope: a step up keeps what there is',
        'throw insufficientScope(scopes, [...scopes, ...names], resourceMetadataUrl)',
        'throw insufficientScope(scopes, names, resourceMetadataUrl)',
      ],
      [
        'scope: without the gate nobody has any',
        'const { scopes, resourceMetadataUrl } = checkAuthorized(authInfo)',
        'if (!authInfo) return\n  const { scopes, resourceMetadataUrl } = authInfo',
      ],
      [
        'role: a person who lacks it is refused',
        'if (names.some((name) => roles.includes(name))) return',
        'if (roles) return',
      ],
    ],
  ),
  ...defencesOf('core/rate-limit.ts', RATES, [
    ['rate limit: holds', 'if (next > now + WINDOW + 1e-3) {', 'if (next < 0) {'],
    [
      'rate limit: its buckets are counted',
      'if (fullAt.size > MAX_BUCKETS) fullAt.delete(',
      'if (fullAt.size > 1e9) fullAt.delete(',
    ],
    ['rate limit: is of one route', '{route} $', "{''} $"],
  ]),
  ...defencesOf(
    'core/router.ts',
    ['attacks/rate-limits'],
    [
      [
        'rate limit: what succeeds is not counted',
        "if (isFailure(status)) limiter.take('failures', ...counted)",
        "limiter.take('failures', ...counted)",
      ],
      [
        'rate limit: what fails is counted',
        "if (route.limit === 'failures') return slowDown(answer, counted)",
        "if (route.limit === 'failures') return answer()",
      ],
    ],
  ),
  ...defencesOf('core/client-address.ts', ADDRESS, [
    ['client address: is what the outermost trusted proxy wrote', '.at(-hops)', '.at(0)'],
    [
      'client address: no header is believed where no proxy is trusted',
      "hops > 0 ? request.headers.get('x-forwarded-for') : null",
      "request.headers.get('x-forwarded-for')",
    ],
    [
      'client address: IPv6 counts by what one subscriber has',
      "groups.slice(0, 4).join(':')",
      "groups.join(':')",
    ],
  ]),
  ...defencesOf(
    'adapters/bounds.ts',
    ['adapters/bounds'],
    [
      [
        'connection: an address of bounded length',
        'if (url.length > TARGET_MAX_LENGTH) {',
        "if (url === '') {",
      ],
      [
        'connection: so many headers',
        'if (rawHeaders.length / 2 > HEADERS_MAX_COUNT) {',
        "if (url === '') {",
      ],
    ],
  ),
  ...defencesOf(
    'core/protected-resource/authenticate.ts',
    ['core/protected-resource/authenticate', 'adapters/bounds', 'attacks/token-confusion'],
    [
      [
        'gate: an Authorization header of bounded length',
        'if (authorization.length > AUTHORIZATION_MAX_LENGTH) {',
        "if (authorization === 'never') {",
      ],
    ],
  ),
  ...defencesOf(
    'core/resource.ts',
    ['core/resource', 'attacks/resource-and-scope'],
    [
      [
        'resource: of several each is ours',
        'const foreign = requested.find(',
        'const foreign = requested.slice(0, 1).find(',
      ],
      [
        'resource: has no fragment and no user name',
        'if (!url || url.hash || url.username || url.password) return undefined',
        'if (!url) return undefined',
      ],
      ['resource: is ours by its path, too', '{withoutTrailingSlashes(url.pathname)}', "{''}"],
    ],
  ),
  ...defencesOf(
    'core/guarded-log.ts',
    ['core/guarded-log'],
    [
      [
        'log: what looks like a secret is not written, though it was cut',
        '|[\\w-]{32,}/g',
        '|[\\w-]{320,}/g',
      ],
    ],
  ),
]
