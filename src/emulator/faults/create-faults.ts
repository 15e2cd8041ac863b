import { checkFault } from './check-fault.ts'
import type { ActiveFault, FaultMatch, Faults } from './fault.ts'

/** What a fault's `match` is held against. */
export type RequestFacts = {
  /** The endpoint's name; `graph` for Microsoft Graph. */
  readonly endpoint: string
  /** How the endpoint's errors leave. */
  readonly errors: 'page' | 'json' | 'graph'
  readonly pathname: string
  /** Of the query, then of the form. */
  readonly params: URLSearchParams
  readonly clientId: string | undefined
}

/** The faults, and the way by which a request finds its own. */
export type FaultRegister = Faults & {
  /** The fault that happens to this request, which is counted by it. */
  take(facts: RequestFacts): ActiveFault | undefined
}

const MAX_FAULTS = 100

type Counted = { -readonly [Key in keyof ActiveFault]: ActiveFault[Key] }

/** Makes a register without a fault. */
export function createFaults(): FaultRegister {
  const faults: Counted[] = []
  const clear = () => void faults.splice(0)
  return {
    add(fault) {
      checkFault(fault)
      if (faults.length === MAX_FAULTS) {
        throw new RangeError(`There are ${MAX_FAULTS} faults already. Remove some first.`)
      }
      const { match, action } = structuredClone(fault)
      const id = crypto.randomUUID()
      const added = { id, ...(match && { match }), action, matched: 0, applied: 0 }
      faults.push(added)
      return added
    },
    remove(id) {
      const at = faults.findIndex((fault) => fault.id === id)
      if (at >= 0) faults.splice(at, 1)
      return at >= 0
    },
    clear,
    list: () => [...faults],
    take: (facts) => take(faults, facts),
  }
}

/** Each fault counts what fits it, so that one's turn does not hang on another's. */
function take(faults: readonly Counted[], facts: RequestFacts): ActiveFault | undefined {
  let taken: Counted | undefined
  for (const fault of faults) {
    if (!fits(fault.match ?? {}, facts)) continue
    fault.matched++
    const isItsTurn = fault.match?.nth === undefined || fault.match.nth === fault.matched
    if (isItsTurn) taken ??= fault
  }
  if (taken) taken.applied++
  return taken
}

function fits({ endpoint, grant, clientId }: FaultMatch, facts: RequestFacts): boolean {
  if (endpoint !== undefined && !isAt(endpoint, facts)) return false
  if (grant !== undefined && facts.params.get('grant_type') !== grant) return false
  return clientId === undefined || facts.clientId === clientId.toLowerCase()
}

function isAt(endpoint: string, facts: RequestFacts): boolean {
  return endpoint.startsWith('/')
    ? facts.pathname.startsWith(endpoint)
    : facts.endpoint === endpoint
}
