import { type Defence, defencesOf } from './defence.ts'

/** What holds against stores, keys and replicas that are not as they should be. */
export const STATE_DEFENCES: readonly Defence[] = [
  ...defencesOf(
    'core/store-answers.ts',
    ['attacks/hostile-store'],
    [
      ['store: a record of another key', ' && record.key === key', ''],
      ['store: a record that is none', '(isRecord(record) && ', '('],
      ['store: garbage on a page', 'records.filter(isRecord)', 'records'],
      ['store: a revocation of another kind', 'KINDS.has(kind) &&', 'true &&'],
      ['store: a revocation until no time', 'Number.isFinite(issuedUntil) &&', 'true &&'],
    ],
  ),
  ...defencesOf(
    'core/guarded-store.ts',
    ['core/guarded-store'],
    [
      [
        'store: a password in what a driver says',
        "text.replace(/\\/\\/[^@/\\s]*@/g, '//***@')",
        'text',
      ],
      ['store: one that hangs', 'reject(new Error(`No answer within', 'void (`No answer within'],
    ],
  ),
  ...defencesOf(
    'core/protected-resource/revocations.ts',
    ['core/protected-resource/revocations'],
    [
      [
        'revocation: a grant that a slow clock ended',
        'if (hasGrant(claims.gid)) return true',
        "if (claims.iat <= until('grant', claims.gid)) return true",
      ],
      ['revocation: a replica that is cut off', 'if (isSilent()) throw silence(CANNOT_TELL)', ''],
      [
        'revocation: an answer that took long',
        'heardAt = Math.max(heardAt, askedAt)',
        'heardAt = performance.now()',
      ],
    ],
  ),
  ...defencesOf(
    'core/protected-resource/open-answers.ts',
    ['core/protected-resource/open-answers'],
    [
      [
        'revocation: a stream of JSON',
        "type?.trim().toLowerCase() === 'application/json'",
        "type?.startsWith('application/json') === true",
      ],
    ],
  ),
  ...defencesOf(
    'core/barred.ts',
    ['attacks/hostile-store', 'attacks/barred'],
    [
      ['barred: a person', "if (ofPerson) return read('person', ofPerson)", ''],
      ['barred: a client', "return ofClient && read('client', ofClient)", 'return undefined'],
    ],
  ),
  ...defencesOf(
    'stores/postgres/statements.ts',
    ['stores/postgres'],
    [
      [
        'postgres: a feed that was restored',
        'CASE WHEN $1 > coalesce(max(seq), 0) THEN 0 ELSE $1 END',
        'CASE WHEN max(seq) IS NULL THEN $1 ELSE $1 END',
      ],
    ],
  ),
  ...defencesOf(
    'stores/postgres/address.ts',
    ['stores/postgres'],
    [
      [
        'postgres: a password with a slash',
        '  if (/[@/]/.test(database)) throw refuse(option, UNENCODED)\n',
        '',
      ],
    ],
  ),
  ...defencesOf(
    'stores/redis/address.ts',
    ['stores/redis'],
    [['redis: a password with a slash', "path.includes('@')", "path === '@'"]],
  ),
  ...defencesOf(
    'cli/key-file.ts',
    ['attacks/key-file'],
    [['keys: a process of the same id', '${randomUUID()}.tmp', '${process.pid}.tmp']],
  ),
  ...defencesOf(
    'core/tokens/access-token.ts',
    ['flows/key-rotation'],
    [
      [
        'keys: an access token of a key that others have',
        'if (keyring.isElsewhere(keyId)) throw madeElsewhere()\n',
        '',
      ],
    ],
  ),
  ...defencesOf(
    'core/tokens/access-token.ts',
    ['attacks/token-confusion'],
    [
      [
        'tokens: the MAC of an access token',
        'if (!isMac(macOf(master, header.kid, payload), header.mac)) throw FAULTS.signature',
        '',
      ],
      [
        'tokens: the MAC is of the kid too',
        'mac(key, MAC_PURPOSE, kid, payload)',
        'mac(key, MAC_PURPOSE, payload)',
      ],
    ],
  ),
  ...defencesOf(
    'core/grants/grant.ts',
    ['flows/key-rotation'],
    [
      [
        'keys: a refresh token of a key that others have',
        'if (record && keyring.isElsewhere(sealedUnder(record.value))) throw madeElsewhere()\n',
        '',
      ],
    ],
  ),
  ...defencesOf(
    'core/clients/clients.ts',
    ['flows/key-rotation'],
    [
      [
        'keys: a registration under a key that others have',
        'if (!known && keyring.isElsewhere(keyIdOfClient(clientId))) throw madeElsewhere()\n',
        '',
      ],
    ],
  ),
  ...defencesOf(
    'core/endpoints/revoke.ts',
    ['flows/key-rotation'],
    [
      [
        'keys: a token to be revoked of a key that others have',
        " && error.code === 'invalid_token'",
        '',
      ],
    ],
  ),
  ...defencesOf(
    'core/protected-resource/authenticate.ts',
    ['flows/key-rotation'],
    [
      [
        'keys: a token that was seen before its key was retired',
        'isLive && accessTokens.holds(known.keyId)',
        'isLive',
      ],
    ],
  ),
  ...defencesOf(
    'cli/key-vault-api.ts',
    ['attacks/key-vault-answers', 'cli/key-vault'],
    [
      [
        'key vault: a token for another service',
        "resource?.protocol === 'https:' && isOwn",
        "resource?.protocol === 'https:'",
      ],
      [
        'key vault: a next page at another host',
        "if (URL.parse(next)?.origin !== address.origin) throw refused('it leads to another host')",
        '',
      ],
      ['key vault: an answer without end', 'size > MAX_BYTES', 'size > 1e9'],
      ['key vault: pages without end', ' && pages < MAX_PAGES', ' && pages < 100'],
      ['key vault: a redirect', "redirect: 'error'", "redirect: 'follow'"],
    ],
  ),
  ...defencesOf(
    'core/store-keys.ts',
    ['core/store-keys'],
    [['keys: a store of another key', 'if (!isLatest) return', 'return']],
  ),
  ...defencesOf(
    'core/audit.ts',
    ['operator/audit'],
    [
      [
        'audit: a name that writes a line',
        ".slice(0, TEXT_MAX_LENGTH).replace(UNSEEN, ' ')",
        '.slice(0, TEXT_MAX_LENGTH)',
      ],
      [
        'audit: half of a secret, behind a cut',
        'maskText(text, keyring.secrets).slice(0, TEXT_MAX_LENGTH)',
        'maskText(text.slice(0, TEXT_MAX_LENGTH), keyring.secrets)',
      ],
      ['audit: a storm of strangers', 'taken++ < STRANGERS_MAX', 'taken++ < 1e9'],
    ],
  ),
  ...defencesOf(
    'cli/audit-file.ts',
    ['cli/audit-file'],
    [
      ['audit: a link in the place of the file', 'constants.O_NOFOLLOW ?? 0', '0'],
      ['audit: a command’s line, when the disk is full', 'fstatSync(fd).size - done', 'size'],
    ],
  ),
]
