import type { Context } from '../context.ts'
import { CONSUMERS_TENANT_ID, isId } from '../entra/tenancy.ts'
import { personOf } from '../grants/grant.ts'
import { OperatorError } from './operator-error.ts'
import { barringSteps, grantSteps } from './steps.ts'
import { walk } from './walk.ts'

/** A person, as the operator sees them. */
export type Person = {
  /** `<tid>/<oid>` */
  readonly id: string
  /** The sign-in name, where it is known. */
  readonly name: string | undefined
}

/** The longest text that is looked up. */
const MAX_LENGTH = 320

/** How many are named where several are meant. */
const MAX_NAMED = 5

/**
 * The person that a text means: `<tenant id>/<object id>`, an object id, or a sign-in name of
 * somebody who has signed in here. Throws where it means nobody, or several.
 */
export async function findPerson(text: string, context: Context): Promise<Person> {
  const asked = text.trim().toLowerCase()
  if (asked === '' || asked.length > MAX_LENGTH) throw invalid(text)
  const [first = '', second, ...rest] = asked.split('/')
  if (second !== undefined) {
    if (!isId(first) || !isId(second) || rest.length > 0) throw invalid(text)
    return withName(asked, context)
  }
  const tid = isId(asked) ? ownTenant(context) : undefined
  if (tid !== undefined) return withName(`${tid}/${asked}`, context)
  return searchPerson(text, asked, context)
}

/** The one tenant that people are of, where there is one. */
function ownTenant({ config }: Context): string | undefined {
  const { tenantId } = config.entra
  if (tenantId === 'consumers') return CONSUMERS_TENANT_ID
  return isId(tenantId) ? tenantId : undefined
}

async function withName(id: string, { grants, barred }: Context): Promise<Person> {
  const [held] = await grants.list(id)
  if (held) return { id, name: held.grant.user.preferred_username }
  const barring = await barred.find(id, '')
  return { id, name: barring?.name }
}

async function searchPerson(text: string, asked: string, context: Context): Promise<Person> {
  const found = new Map<string, string | undefined>()
  for await (const { id, name } of peopleOf(asked, context)) {
    found.set(id, name ?? found.get(id))
    if (found.size > MAX_NAMED) break
  }
  const [person, ...others] = found
  if (!person) throw unknown(text)
  if (others.length > 0) throw ambiguous(text, [...found.keys()])
  return { id: person[0], name: person[1] }
}

/** By a sign-in name, at once; by an object id of any tenant, only by looking at everybody. */
async function* peopleOf(asked: string, context: Context): AsyncGenerator<Person> {
  if (!isId(asked)) {
    for (const id of await context.seen.people(asked)) yield { id, name: asked }
  } else {
    for await (const { grant } of walk(grantSteps(context))) {
      if (grant.user.oid.toLowerCase() !== asked) continue
      yield { id: personOf(grant.user), name: grant.user.preferred_username }
    }
  }
  for await (const { id, name } of walk(barringSteps('person', context))) {
    const isMeant = isId(asked) ? id.endsWith(`/${asked}`) : name?.toLowerCase() === asked
    if (isMeant) yield { id, name }
  }
}

const EXPECTED = 'Give an object id, <tenant id>/<object id>, or the sign-in name of somebody here.'

function invalid(text: string): OperatorError {
  return new OperatorError('invalid', `'${text.slice(0, 100)}' is no person.`, EXPECTED)
}

function unknown(text: string): OperatorError {
  return new OperatorError(
    'unknown',
    `Nobody who is signed in or blocked here is '${text.slice(0, 100)}'.`,
    'See sessions list and users list; somebody who never signed in is named by <tenant id>/<object id>.',
  )
}

function ambiguous(text: string, ids: readonly string[]): OperatorError {
  const named = ids.slice(0, MAX_NAMED).join(', ')
  const more = ids.length > MAX_NAMED ? ' and others' : ''
  const message = `'${text.slice(0, 100)}' is several people: ${named}${more}.`
  return new OperatorError('ambiguous', message, 'Name one of them by <tenant id>/<object id>.')
}
