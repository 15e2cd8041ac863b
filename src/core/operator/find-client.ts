import { openClient } from '../clients/client.ts'
import { isDocumentId } from '../clients/client-document.ts'
import type { Context } from '../context.ts'
import { digest } from '../keys/mac.ts'
import { type ListedClient, listAllClients } from './list-clients.ts'
import { OperatorError } from './operator-error.ts'

/** A client, as the operator sees it. */
export type FoundClient = {
  /** SHA-256 of the client_id. */
  readonly digest: string
  readonly name: string | undefined
}

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
  if (registered || configured || isDocumentId(asked)) {
    return { digest: digest(asked), name: registered?.client_name ?? configured?.client_name }
  }
  const listed = await listAllClients(context)
  const exact = listed.find((client) => client.digest === asked || client.digest === digest(asked))
  if (exact) return exact
  const named = listed.filter(({ name }) => name?.toLowerCase() === asked.toLowerCase())
  const [only, ...others] = named
  if (!only) throw DIGEST.test(asked) ? unknownDigest(asked) : unknown(text)
  if (others.length > 0) throw ambiguous(text, named)
  return only
}

const EXPECTED = 'See clients list; give a client_id, the digest that is listed there, or a name.'

function unknown(text: string): OperatorError {
  return new OperatorError('unknown', `No client here is '${text.slice(0, 100)}'.`, EXPECTED)
}

function unknownDigest(text: string): OperatorError {
  return new OperatorError('unknown', `No client here has the digest ${text}.`, EXPECTED)
}

function ambiguous(text: string, clients: readonly ListedClient[]): OperatorError {
  const digests = clients.slice(0, 5).map((client) => client.digest)
  const more = clients.length > 5 ? ' and others' : ''
  const message = `'${text.slice(0, 100)}' is the name of several clients: ${digests.join(', ')}${more}.`
  return new OperatorError('ambiguous', message, 'Name one of them by its digest.')
}
