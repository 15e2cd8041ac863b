import type { Log } from '../../log.ts'
import { OAuthError } from '../errors.ts'
import { digest } from '../keys/mac.ts'
import type { Client } from './client.ts'
import { findDocumentIdFault, parseClientDocument } from './client-document.ts'
import type { ClientMetadata } from './client-metadata.ts'
import type { EgressBudget } from './egress-budget.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { KNOWN_DOCUMENTS } from './known-documents.ts'
import type { RedirectPolicy } from './redirect-uri.ts'
import { CURE, createRemoteDocuments } from './remote-documents.ts'

/** Clients that are described by the document their id is the address of. */
export type DocumentSource = {
  /** Throws `OAuthError`, by cause, where there is no document that can be used. */
  find(clientId: string): Promise<Client>
  /** A person has let this client in: what strangers ask for is not to crowd it out. */
  keep(client: Client): void
  /** Whether clients may be told to come by a document: only where one could be fetched. */
  isFetching(): boolean
  /** Finds out whether documents can be fetched, now and then; in the background. */
  start(): void
  stop(): void
}

export type DocumentSourceOptions = {
  /** `fetch`, `pinned` (known copies only) or `off`. */
  readonly clientDocuments: 'fetch' | 'pinned' | 'off'
  /** The hosts to take documents from; undefined: every public one. */
  readonly clientDocumentHosts: ReadonlySet<string> | undefined
  readonly redirectPolicy: RedirectPolicy
  readonly fetch: GuardedFetch
  readonly budget: EgressBudget
  readonly log: Log
}

/** How often fetching is tried out, in milliseconds: while it works, and while it does not. */
const PROBE_INTERVAL = 60 * 60 * 1000
const PROBE_RETRY = 5 * 60 * 1000

export function createDocumentSource(options: DocumentSourceOptions): DocumentSource {
  const { clientDocuments: mode, clientDocumentHosts: hosts, redirectPolicy, log } = options
  let isFetching = false
  let wasReached: boolean | undefined
  let isStarted = false
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  const documents = createRemoteDocuments<ClientMetadata>({
    name: 'client metadata document',
    fetch: options.fetch,
    budget: options.budget,
    parse: (url, json) => parseClientDocument(url, json, redirectPolicy),
    fallBack: (url) => KNOWN_DOCUMENTS.get(url),
    onSuccess: () => {
      isFetching = true
    },
    log,
  })

  const isTaken = ({ hostname }: URL) => !hosts || hosts.has(hostname)
  const probes = [...KNOWN_DOCUMENTS.keys()].map((id) => new URL(id)).filter(isTaken)

  /** One document that is known to be there is proof enough; strangers' failures prove nothing. */
  async function probe(): Promise<void> {
    let isReached = false
    for (const url of probes) {
      isReached ||= (await options.fetch(url)).is === 'json'
      if (isReached || isStopped) break
    }
    if (isReached !== wasReached && !isStopped) {
      const message = isReached
        ? 'Client metadata documents can be fetched; clients are told so.'
        : 'Client metadata documents cannot be fetched from here; clients are told to register.'
      log({ event: 'documents.probed', level: isReached ? 'info' : 'warn', message })
    }
    isFetching = wasReached = isReached
    if (isStopped) return
    timer = setTimeout(probe, isReached ? PROBE_INTERVAL : PROBE_RETRY).unref()
  }

  return {
    async find(clientId) {
      if (mode === 'off') throw unusable(clientId, NO_DOCUMENTS)
      const fault = findDocumentIdFault(clientId, redirectPolicy)
      if (fault) throw unusable(clientId, fault)
      if (!isTaken(new URL(clientId))) throw unusable(clientId, OTHER_HOST)
      const known =
        mode === 'pinned' ? KNOWN_DOCUMENTS.get(clientId) : await documents.get(clientId)
      if (!known) throw unusable(clientId, NOT_FETCHED)
      const isStandIn = known === KNOWN_DOCUMENTS.get(clientId)
      return {
        ...{ ...known, client_id: clientId, source: 'document', digest: digest(clientId) },
        ...(isStandIn && { isStandIn }),
      }
    },
    keep(client) {
      if (client.source === 'document') documents.keep(client.client_id)
    },
    isFetching: () => isFetching,
    start() {
      // Without one to try, the first document that a client brings shows whether it works.
      if (mode === 'fetch' && probes.length > 0 && !isStarted) void probe()
      isStarted = true
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

const NO_DOCUMENTS =
  'is the address of a metadata document, which this server does not take; register at the registration_endpoint'

const NOT_FETCHED =
  'is the address of a metadata document, and this server fetches none; register at the registration_endpoint'

const OTHER_HOST =
  'is at a host that this server takes no documents from; its operator can allow it (clientDocumentHosts)'

function unusable(clientId: string, fault: string): OAuthError {
  const text = `The client_id '${clientId.slice(0, 200)}' ${fault}.`
  return new OAuthError('invalid_client', text, { cure: CURE })
}
