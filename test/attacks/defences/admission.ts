import { type Defence, defencesOf } from './defence.ts'

const JUDGED = ['core/admission', 'attacks/allow']
const CHECKED = ['core/allow']

/** Who may come in. */
export const ADMISSION_DEFENCES: readonly Defence[] = [
  ...defencesOf('core/admission.ts', JUDGED, [
    [
      'allow: a person of another tenant',
      "if (tenants && !tenants.has(user.tid)) return 'tenants'\n",
      '',
    ],
    ['allow: a guest', "if (!allow.guests && isGuest(tokens)) return 'guests'\n", ''],
    [
      'allow: a guest whom Entra does not name one',
      'if (standing.isGuest !== undefined) return standing.isGuest',
      'return standing.isGuest === true',
    ],
    [
      "allow: another tenant's person of the same id",
      '!users.has(`${user.tid}/${user.oid}`)',
      '![...users].some((id) => id.endsWith(user.oid))',
    ],
    [
      'allow: a person without the role',
      "!user.roles.some((role) => roles.has(role))) return 'roles'",
      "roles.size === 0) return 'roles'",
    ],
    [
      'allow: a person who is in none of the groups',
      'if (named) return ids.some((id) => named.has(id))',
      'if (named) return true',
    ],
    [
      "allow: another tenant's group of the same id",
      'return first === tid ? second : undefined',
      'return tid ? second : undefined',
    ],
  ]),
  ...defencesOf(
    'core/entra/standing.ts',
    ['core/entra/standing'],
    [
      [
        'allow: groups that are not all there',
        'claims?._claim_names === undefined && claims?.hasgroups === undefined',
        'claims !== undefined',
      ],
      [
        'allow: groups by names',
        "typeof group === 'string' && GUID.test(group)",
        "typeof group === 'string'",
      ],
      ['allow: the ID token has no last word on guests', 'readGuest(access.acct) ??', ''],
    ],
  ),
  ...defencesOf(
    'core/entra/group-membership.ts',
    ['core/entra/group-membership', 'attacks/allow'],
    [
      [
        'allow: a group that was not asked about',
        'found.some((id) => asked.includes(id))',
        'found.length > 0',
      ],
      [
        'allow: an answer that is none',
        "if (!found) throw unreachable('what it answered is no list of groups')",
        'if (!found) return []',
      ],
      ['allow: Graph that refuses', 'if (!response.ok) throw refused(response.status, text)\n', ''],
      ["allow: Graph's token is not sent on", "redirect: 'error',", ''],
    ],
  ),
  ...defencesOf(
    'core/endpoints/callback.ts',
    ['attacks/allow'],
    [['allow: is judged before there is a code', 'if (refusal) return refusal\n', '']],
  ),
  ...defencesOf(
    'core/grants/refresh-token.ts',
    ['attacks/allow'],
    [['allow: is judged at each refresh', 'await checkAdmission(tokens, leased, context)\n', '']],
  ),
  ...defencesOf('core/allow.ts', CHECKED, [
    ['allow: a list that came out empty', 'if (list.length === 0) {', 'if (list.length < 0) {'],
    [
      'allow: an id that leaves the tenant open',
      'if (isId && (parts.length === 2 || !areSeveral)) return []',
      'if (isId) return []',
    ],
    [
      'allow: a name in place of an id',
      'parts.length <= 2 && parts.every((part) => GUID.test(part))',
      'parts.length <= 2',
    ],
    ['allow: roles that anybody could have', "if (tenantsOf(allow) === 'any') {", 'if (!roles) {'],
    [
      'allow: every tenant without a word about which',
      'if (SEVERAL_TENANTS.has(tenantId)) {',
      'if (SEVERAL_TENANTS.has(tenantId) && tenants) {',
    ],
  ]),
  ...defencesOf(
    'cli/allow-settings.ts',
    ['cli/allow-settings'],
    [
      [
        'allow: a variable that came out empty',
        'return text?.split(',
        'return (text || undefined)?.split(',
      ],
    ],
  ),
  ...defencesOf(
    'cli/env.ts',
    ['cli/variable-names'],
    [['allow: a variable whose name is misspelt', 'checkNames(given, problems)\n', '']],
  ),
]
