import { openClient } from '../clients/client.ts'
import { findDocumentIdFault, isDocumentId } from '../clients/client-document.ts'
import type { Context } from '../context.ts'
import { digest } from '../keys/mac.ts'
import { OperatorError } from './operator-error.ts'
import { clientSteps } from './steps.ts'
import { walk } from './walk.ts'

/** A client, as the operator sees it. */
export type FoundClient = {
  /** SHA-256 of the client_id. */
  readonly digest: string
  readonly name: string | undefined
}

/** How many are named where several are meant. */
const MAX_NAMED = 5

const DIGEST = /^[\w-]{43}$/

/**
 * The client that a text means: a client_id, the digest that lists show, or a name. Throws where it
 * means none, or several.
 */
export async function findClient(text: string, context: Context): Promise<FoundClient> {
  const asked = text.trim()
  if (asked === '' || asked.length > 1024) throw unknown(text)
  const { config } = context
  const registered = openClient(asked, config.keyring)
  const configured = config.clients.find(({ client_id }) => client_id === asked)
  if (isDocumentId(asked)) checkDocumentId(asked, context)
  if (registered || configured || isDocumentId(asked)) {
    return { digest: digest(asked), name: registered?.client_name ?? configured?.client_name }
  }
  const exact = (await clientOf(asked, context)) ?? (await clientOf(digest(asked), context))
  if (exact) return exact
  const [only, ...others] = await namedSo(asked, context)
  if (!only) throw DIGEST.test(asked) ? unknownDigest(asked) : unknown(text)
  if (others.length > 0) throw ambiguous(text, [only, ...others])
  return only
}

/** In another spelling than the client's own it is nobody's, and to shut that out stops nobody. */
function checkDocumentId(asked: string, { redirectPolicy }: Context): void {
  const fault = findDocumentIdFault(asked, redirectPolicy)
  if (!fault) return
  const message = `'${asked.slice(0, 100)}' is no client's id: the address ${fault}.`
  throw new OperatorError('invalid', message, EXPECTED)
}

/** The client of a digest. */
async function clientOf(
  asked: string,
  { config, seen, barred }: Context,
): Promise<FoundClient | undefined> {
  const known = await seen.client(asked)
  if (known) return known
  const configured = config.clients.find(({ client_id }) => digest(client_id) === asked)
  if (configured) return { digest: asked, name: configured.client_name }
  const barring = (await barred.has('client', asked)) && (await barred.find('', asked))
  return barring ? { digest: asked, name: barring.name } : undefined
}

/** The clients of a name: one more, at most, than are named. */
async function namedSo(asked: string, context: Context): Promise<FoundClient[]> {
  const named = new Map<string, FoundClient>()
  for await (const client of walk(clientSteps(context))) {
    if (client.name?.toLowerCase() === asked.toLowerCase()) named.set(client.digest, client)
    if (named.size > MAX_NAMED) break
  }
  return [...named.values()]
}

const EXPECTED = 'See clients list; give a client_id, the digest that is listed there, or a name.'

function unknown(text: string): OperatorError {
  return new OperatorError('unknown', `No client here is '${text.slice(0, 100)}'.`, EXPECTED)
}

function unknownDigest(text: string): OperatorError {
  return new OperatorError('unknown', `No client here has the digest ${text}.`, EXPECTED)
}

function ambiguous(text: string, clients: readonly FoundClient[]): OperatorError {
  const digests = clients.slice(0, MAX_NAMED).map((client) => client.digest)
  const more = clients.length > MAX_NAMED ? ' and others' : ''
  const message = `'${text.slice(0, 100)}' is the name of several clients: ${digests.join(', ')}${more}.`
  return new OperatorError('ambiguous', message, 'Name one of them by its digest.')
}
