import { type Command, Option } from 'commander'
import type { ConfigProblem } from '../core/errors.ts'
import type { AllowOptions } from '../index.ts'
import type { Environment } from './read-variables.ts'

/** The variable behind each option of the library, for messages. */
export const ALLOW_VARIABLES: readonly (readonly [option: string, variable: string])[] = [
  ['allow.tenants', 'ENTRANCE_ALLOW_TENANTS'],
  ['allow.users', 'ENTRANCE_ALLOW_USERS'],
  ['allow.groups', 'ENTRANCE_ALLOW_GROUPS'],
  ['allow.roles', 'ENTRANCE_ALLOW_ROLES'],
  ['allow.guests', 'ENTRANCE_ALLOW_GUESTS'],
  ['allow.contact', 'ENTRANCE_ALLOW_CONTACT'],
]

/** What `entrance serve` takes on its command line about people; each beats its variable. */
export type AllowFlags = {
  allowTenants?: string
  allowUsers?: string
  allowGroups?: string
  allowRoles?: string
  allowGuests?: string
  allowContact?: string
}

/** Adds the options to `serve`. */
export function addAllowOptions(serve: Command): void {
  const lists = [
    ['tenants', 'Tenant ids, or any, whose people may come in (ENTRANCE_ALLOW_TENANTS).'],
    ['users', 'Object ids of the people who may come in (ENTRANCE_ALLOW_USERS).'],
    ['groups', 'Object ids of groups whose members may come in (ENTRANCE_ALLOW_GROUPS).'],
    ['roles', 'App roles whose holders may come in (ENTRANCE_ALLOW_ROLES).'],
  ] as const
  for (const [name, description] of lists) serve.option(`--allow-${name} <list>`, description)
  serve
    .addOption(
      new Option(
        '--allow-guests <whether>',
        'Whether the tenant’s guests may come in (ENTRANCE_ALLOW_GUESTS; default on).',
      ).choices(['on', 'off']),
    )
    .option(
      '--allow-contact <text>',
      'Whom people ask who are not let in (ENTRANCE_ALLOW_CONTACT).',
    )
}

/** Who may come in. */
export type AllowSettings = { readonly allow: AllowOptions }

/** Joins options and environment; what is wrong with the values themselves the library says. */
export function resolveAllowSettings(
  options: AllowFlags,
  env: Environment,
  problems: ConfigProblem[],
): AllowSettings {
  return {
    allow: {
      tenants: toList(options.allowTenants ?? env.ENTRANCE_ALLOW_TENANTS),
      users: toList(options.allowUsers ?? env.ENTRANCE_ALLOW_USERS),
      groups: toList(options.allowGroups ?? env.ENTRANCE_ALLOW_GROUPS),
      roles: toList(options.allowRoles ?? env.ENTRANCE_ALLOW_ROLES),
      guests: readGuests(options.allowGuests ?? env.ENTRANCE_ALLOW_GUESTS, problems),
      contact: (options.allowContact ?? env.ENTRANCE_ALLOW_CONTACT) || undefined,
    },
  }
}

/**
 * An empty list is refused where it is checked, unlike other empty variables: it may stand for one
 * that was lost on the way here, and without it everybody would come in.
 */
function toList(text: string | undefined): string[] | undefined {
  return text?.split(/[\s,]+/).filter(Boolean)
}

function readGuests(text: string | undefined, problems: ConfigProblem[]): boolean {
  if (text !== undefined && text !== 'on' && text !== 'off') {
    const problem = `'${text}' is neither on nor off.`
    const cure = 'Write off to keep guests out, or leave it out.'
    problems.push({ option: 'ENTRANCE_ALLOW_GUESTS', problem, cure })
  }
  return text !== 'off'
}
