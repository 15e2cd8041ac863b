import { type Defence, defencesOf } from './defence.ts'

const ASSERTIONS = ['attacks/client-assertions']
const GUARD = ['core/clients/guarded-fetch', 'attacks/client-documents']

/** Who asks: clients by their documents, by their keys, by the configuration, by a person's word. */
export const CLIENT_DEFENCES: readonly Defence[] = [
  ...defencesOf('core/clients/guarded-fetch.ts', GUARD, [
    [
      'document: every address of its host is public',
      '!addresses.every(internet.isPublic)',
      '!addresses.some(internet.isPublic)',
    ],
    [
      'document: is bounded as it comes in',
      'if (size > DOCUMENT_MAX_BYTES) return undefined',
      'if (size > 100 * DOCUMENT_MAX_BYTES) return undefined',
    ],
    [
      'document: has a time to come in',
      'AbortSignal.timeout(internet.timeout)',
      'AbortSignal.timeout(internet.timeout * 100)',
    ],
    [
      'document: is JSON by its type',
      'if (!/^application\\/([\\w.!#$&^-]+\\+)?json$/.test(type)) {',
      "if (type === 'never') {",
    ],
    [
      'document: comes from a host whose certificate is trusted',
      'rejectUnauthorized: true,',
      'rejectUnauthorized: false,',
    ],
    [
      'document: comes uncompressed',
      "if (encoding !== 'identity') return failed(",
      "if (encoding === 'never') return failed(",
    ],
  ]),
  {
    name: 'document: the address that was checked is the one that is connected to',
    breakages: [
      {
        file: 'core/clients/guarded-fetch.ts',
        find: '{ port, ca }: Internet): Promise<IncomingMessage> {',
        replace: '{ port, ca, lookup }: Internet): Promise<IncomingMessage> {',
      },
      {
        file: 'core/clients/guarded-fetch.ts',
        find: 'lookup: pinnedTo(sending.addresses),',
        replace:
          'lookup: (host, options, callback) => void lookup(host).then((all) => pinnedTo(all)(host, options, callback)),',
      },
    ],
    tests: ['test/attacks/client-documents.test.ts'],
  },
  ...defencesOf(
    'core/clients/public-host.ts',
    ['core/clients/public-host'],
    [
      [
        'document: no private IPv4 address is public',
        "return !notPublicIPv4.check(address, 'ipv4')",
        'return true',
      ],
      [
        'document: no IPv6 address with an IPv4 one in it is public',
        "!globalUnicast.check(address, 'ipv6') || ",
        '',
      ],
      ['document: no ISATAP address is public', 'return !isIsatap(address)', 'return true'],
      ["document: Azure's own endpoint is not public", "  '168.63.129.16/32',\n", ''],
      [
        'document: its host is no IP address',
        "if (isIPv4(hostname) || hostname.startsWith('[')) {",
        "if (hostname === '') {",
      ],
      [
        'document: its host is no name of the inside',
        'if (labels.length < 2 || LOCAL_DOMAINS.has(last)) {',
        'if (labels.length < 1) {',
      ],
      [
        "document: its host has no root's dot",
        "if (hostname.endsWith('.')) return 'has a dot at the end of its host'",
        '',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/client-document.ts',
    ['core/clients/client-document'],
    [
      [
        'document: names its own address',
        "if (members.get('client_id') !== clientId) {",
        "if (members.get('client_id') === undefined) {",
      ],
      [
        'document: has no secret in it',
        'if (secret !== undefined) throw',
        "if (secret === 'never') throw",
      ],
      [
        'document: names no method with a secret',
        "if (method !== 'none' && method !== 'private_key_jwt') {",
        "if (method === 'never') {",
      ],
      [
        'document: has no redirect URI with a wildcard',
        "if (hasWildcard(members.get('redirect_uris'))) {",
        "if (clientId === '') {",
      ],
      [
        'document: its address is in its normal form',
        'if (url.href !== clientId) return',
        'if (clientId === "") return',
      ],
      ['document: its address has no port', 'if (url.port) return', 'if (clientId === "") return'],
      [
        'document: its address has no query',
        "if (clientId.includes('?')) return",
        'if (clientId === "") return',
      ],
      [
        'document: its address has no user name',
        'if (url.username || url.password) return',
        'if (clientId === "") return',
      ],
      [
        'document: its address is not this server',
        'if (ownOrigins.has(url.origin)) return',
        'if (clientId === "") return',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/document-source.ts',
    ['core/clients/document-source'],
    [
      [
        'document: comes from the hosts that are named',
        'if (!isTaken(new URL(clientId))) throw unusable(clientId, OTHER_HOST)',
        '',
      ],
      [
        'document: is not taken where documents are off',
        "if (mode === 'off') throw unusable(clientId, NO_DOCUMENTS)",
        '',
      ],
      [
        'document: is not fetched where known copies do',
        "mode === 'pinned' ? KNOWN_DOCUMENTS.get(clientId) : await",
        "mode === 'never' ? KNOWN_DOCUMENTS.get(clientId) : await",
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/egress-budget.ts',
    ['core/clients/egress-budget'],
    [
      [
        'document: so many a minute in all',
        'sent.length >= MAX_PER_MINUTE\n',
        'sent.length >= 1e9\n',
      ],
      [
        'document: so many a minute of one host',
        'toHost.length >= MAX_PER_MINUTE_PER_HOST',
        'toHost.length >= 1e9',
      ],
      ['document: so many at once', 'underWay.length >= MAX_AT_ONCE || ', ''],
      ['document: so many at once of one host', ' || atOnce >= MAX_AT_ONCE_PER_HOST', ''],
    ],
  ),
  ...defencesOf(
    'core/clients/bounded-map.ts',
    ['core/clients/remote-documents', 'attacks/client-documents'],
    [
      [
        'document: what is kept is counted',
        'entries.size > maxCount || bytes > maxBytes',
        'bytes > maxBytes',
      ],
      [
        'document: what is kept is weighed',
        'entries.size > maxCount || bytes > maxBytes',
        'entries.size > maxCount',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/remote-documents.ts',
    ['core/clients/remote-documents', 'attacks/client-documents'],
    [
      [
        'document: a host that failed is left alone for a while',
        'if (failure && failure.until > now())',
        'if (failure && failure.until < 0)',
      ],
      [
        'document: strangers do not crowd out what people use',
        'if (entry) kept.set(url, entry.value, entry.size)',
        'if (entry) seen.set(url, entry.value, entry.size)',
      ],
      [
        'document: many who ask at once are one question',
        'if (asked) return asked',
        'if (asked === null) return asked',
      ],
      [
        'document: is kept for a while, whatever its host says',
        'Math.min(Math.max(maxAge, MIN_AGE), MAX_AGE)',
        'Math.min(maxAge, MAX_AGE)',
      ],
      [
        'document: is looked at again within a day',
        'Math.min(Math.max(maxAge, MIN_AGE), MAX_AGE)',
        'Math.max(maxAge, MIN_AGE)',
      ],
      [
        'document: that its host took away has no stand-in',
        'if (!failure.isFinal) {',
        'if (failure) {',
      ],
      [
        'document: an old copy stands in for a week only',
        'if (held && held.fetchedAt + STALE_IF_ERROR > now()) return held.value',
        'if (held) return held.value',
      ],
      [
        'document: counts against the budget',
        'const place = budget.take(new URL(url).hostname)',
        'const place = { release: () => {} }',
      ],
    ],
  ),
  ...defencesOf('core/clients/client-assertion.ts', ASSERTIONS, [
    [
      'assertion: is for this server',
      'others.length > 0 || !audiences.has(audience)) {',
      'others.length > 0) {',
    ],
    ['assertion: is for this server alone', 'others.length > 0 || !audiences', '!audiences'],
    ['assertion: ends', "if (exp <= now()) throw refused('has expired')", ''],
    ['assertion: ends soon', 'if (exp > now() + MAX_LIFETIME + CLOCK_SKEW) {', 'if (exp === 0) {'],
    [
      'assertion: has begun',
      "if (typeof from !== 'number' || from > now() + CLOCK_SKEW)",
      "if (from === 'never')",
    ],
    [
      'assertion: is used once',
      'if (!isFirst) throw refused(',
      'if (isFirst === null) throw refused(',
    ],
    ['assertion: is told from those of other clients', '{client.digest} $', "{''} $"],
    [
      'assertion: is signed',
      'if (!(await isSignedByClient(client, assertion, keys))) {',
      'if ((await isSignedByClient(client, assertion, keys)) === null) {',
    ],
    [
      'assertion: is signed in a way that is on our list',
      "if (!ASSERTION_ALGORITHMS.includes(alg ?? '')) {",
      "if (alg === 'never') {",
    ],
    [
      'assertion: is no token for something else',
      'if (!TYPES.includes(typ)) throw',
      "if (typ === 'never') throw",
    ],
    [
      'assertion: is by and about the client',
      'if (iss !== clientId || sub !== clientId) {',
      'if (sub !== clientId) {',
    ],
    ['assertion: has a name of bounded length', '|| jti.length > JTI_MAX_LENGTH) {', ') {'],
    [
      'assertion: is of bounded length',
      'if (assertion.length > ASSERTION_MAX_LENGTH) {',
      "if (assertion === '') {",
    ],
  ]),
  ...defencesOf('core/clients/client-authentication.ts', ASSERTIONS, [
    [
      'assertion: of a stranger leaves no record',
      'if (await hasGrant(client)) await spend()',
      'await spend()',
    ],
    [
      "assertion: is the named client's",
      'if (clientId === undefined || clientId === subject) return subject',
      'return subject',
    ],
    [
      'assertion: goes with no other proof',
      'if (authorization !== null || secret !== undefined) throw new OAuthError(...TWO_WAYS)',
      '',
    ],
    [
      'assertion: is not replaced by a secret',
      'const isPlaceFree = !client.isMethodNamed && hasSecret(registered)',
      'const isPlaceFree = !client.isMethodNamed',
    ],
  ]),
  ...defencesOf(
    'core/clients/client-authentication.ts',
    ['attacks/client-authentication'],
    [
      [
        'client: cannot leave its secret out',
        'if (isPlaceFree && hasSecret(credentials.method)) return',
        'if (isPlaceFree) return',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/key-set.ts',
    ['core/clients/client-document', 'core/check-registration'],
    [
      [
        'keys: none that is private is published',
        'if (keys.some((key) => PRIVATE_MEMBERS.some(',
        'if (keys.length < 0 && keys.some((key) => PRIVATE_MEMBERS.some(',
      ],
      ['keys: are counted', 'if (keys.length > MAX_KEYS) throw', 'if (keys.length > 1e9) throw'],
      [
        'keys: are fetched over https',
        "if (url?.protocol !== 'https:') return 'is not an https URL'",
        "if (!url) return 'is not an https URL'",
      ],
      [
        'keys: are fetched from a public host',
        'return findHostFault(url.hostname)',
        'return undefined',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/client-keys.ts',
    ['core/clients/client-keys'],
    [
      [
        'keys: come from the hosts that are named',
        'if (hosts && !hosts.has(new URL(uri).hostname)) throw',
        "if (uri === '') throw",
      ],
    ],
  ),
  ...defencesOf(
    'core/check-clients.ts',
    ['core/check-registration'],
    [
      [
        'configured client: has a secret or keys, not both',
        "(method === 'none' || method === 'private_key_jwt')",
        "method === 'none'",
      ],
      [
        'configured client: has one set of keys',
        'if ((jwks === undefined) === (uri === undefined)) {',
        "if (uri === '') {",
      ],
      [
        'configured client: its keys can be fetched',
        "if (mode !== 'fetch') return",
        'if (mode === null) return',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/configured-clients.ts',
    ['attacks/configured-clients'],
    [
      [
        'configured client: its secret is compared',
        'return matches.length > 0',
        'return matches.length >= 0',
      ],
      [
        'configured client: is out when it is disabled',
        "if (client.disabled) return 'disabled'",
        '',
      ],
      [
        'configured client: keeps to the method that is named',
        '    ...(method && { isMethodNamed: true }),\n',
        '',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/clients.ts',
    ['attacks/configured-clients'],
    [['registration: off keeps out who registered before', 'if (isOff) return undefined', '']],
  ),
  ...defencesOf(
    'core/endpoints/register.ts',
    ['attacks/configured-clients'],
    [
      [
        'registration: off takes no registrations',
        "if (registration.mode === 'off') throw",
        'if (registration.mode === null) throw',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/redirect-uri.ts',
    ['attacks/redirect-allow-list'],
    [
      [
        'allow list: holds',
        'return findUriFault(uri, policy) ?? findListFault(uri, policy)',
        'return findUriFault(uri, policy)',
      ],
      [
        'allow list: its wildcard is one plain segment',
        'LAST_SEGMENT.test(uri.slice(start.length))',
        'uri.length > start.length',
      ],
    ],
  ),
  ...defencesOf(
    'core/endpoints/token.ts',
    ['attacks/redirect-allow-list'],
    [
      [
        'allow list: holds for those who signed in before',
        '  checkRedirectUris(client, context)\n',
        '',
      ],
    ],
  ),
  ...defencesOf(
    'core/check-registration.ts',
    ['core/check-registration', 'attacks/redirect-allow-list'],
    [
      [
        'allow list: has no wildcard in a host',
        "if (authority.includes('*')) {",
        "if (authority === 'never') {",
      ],
      [
        'allow list: an empty one is no open door',
        'if (!isList || (allow ?? []).length > 0) return []',
        'if (allow !== null) return []',
      ],
      [
        'adopted client: only where nobody else gets to',
        "if (LOOPBACK_HOSTS.has(URL.parse(url)?.hostname ?? '')) return []",
        'if (adopt) return []',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/adopted-clients.ts',
    ['attacks/adoption'],
    [
      [
        'adopted client: has its code on this computer',
        'if (!isLoopbackUri(redirectUri) || !isUsable(redirectUri, policy)) return undefined',
        'if (!isUsable(redirectUri, policy)) return undefined',
      ],
      [
        'adopted client: is bound by the allow list',
        'if (!isLoopbackUri(redirectUri) || !isUsable(redirectUri, policy)) return undefined',
        'if (!isLoopbackUri(redirectUri)) return undefined',
      ],
      [
        'adopted client: has no URL for its id',
        '|| /^[a-z][a-z0-9+.-]*:/i.test(clientId)) return false',
        ') return false',
      ],
      [
        'adopted client: has no id of ours that was tampered with',
        ' && !isOfKeyInForce(clientId, keyring)',
        '',
      ],
      [
        'adopted client: is one where the operator wants such',
        'async find(clientId) {\n      if (!registration.adopt || ',
        'async find(clientId) {\n      if (',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/clients.ts',
    ['attacks/adoption'],
    [
      [
        'adopted client: is none that was switched off',
        'configured.find(clientId) ? undefined : adopted.adopt(clientId, redirectUri)',
        'adopted.adopt(clientId, redirectUri)',
      ],
    ],
  ),
  ...defencesOf(
    'core/endpoints/authorize.ts',
    ['attacks/adoption'],
    [
      ['adopted client: brings PKCE', 'return isNavigation && isProven', 'return isNavigation'],
      ['adopted client: is seen by a person', 'return isNavigation && isProven', 'return isProven'],
    ],
  ),
]
