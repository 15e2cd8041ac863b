import type { ConfigProblem } from '../core/errors.ts'
import { suggest } from '../emulator/configuration/suggest.ts'
import type { Environment } from './read-variables.ts'

const NAMES = (
  'ADOPT AUDIT AUDIT_NAMES ALLOW_CONTACT ALLOW_GROUPS ALLOW_GUESTS ALLOW_ROLES ALLOW_TENANTS ALLOW_USERS AUTHORITY ' +
  'CLIENTS CLIENT_DATA CLIENT_DOCUMENTS CLIENT_SECRET CLONE CONSENT COSMOS_KEY CREDENTIAL DATA DRAIN GRAPH_TOKEN ' +
  'MODEL MODEL_TIMEOUT OPERATOR_HOST OPERATOR_PORT OPERATOR_TOKEN RATE_LIMIT REDIRECT_URIS REGISTRATION REPLICAS SECRET STORE TRACEPARENT TRUSTED_PROXY_HOPS URL'
)
  .split(' ')
  .map((name) => `ENTRANCE_${name}`)
  // Unread, expenses would be in a file that goes with its container.
  .concat('EXPENSES_STORE', 'EXPENSES_CURRENCY')

/** In a name that is meant to be one of ours so many letters differ; short ones are alike anyway. */
function nearness(option: string): number {
  return option.length < 'ENTRANCE_'.length + 8 ? 1 : 2
}

/**
 * Finds names that are meant to be ours and are not: without a word `ENTRANCE_ALLOW_GROUP` would let
 * everybody in. Others may begin like ours, as those that Kubernetes makes of a service's name.
 */
export function checkNames(env: Environment, problems: ConfigProblem[]): void {
  for (const [option, value] of Object.entries(env)) {
    if (value === undefined || !/^(ENTRANCE|EXPENSE)/i.test(option) || NAMES.includes(option))
      continue
    const isRule = /^ENTRANCE_?ALLOW/i.test(option)
    const meant = suggest(option, NAMES, isRule ? option.length : nearness(option))
    if (meant === undefined) continue
    const problem = 'is not a variable of this server.'
    problems.push({ option, problem, cure: `If ${meant} is meant, rename it; else unset it.` })
  }
}

/**
 * What the commands that are called from anywhere take of a `.env`; the others take all of it. Of a
 * folder that is somebody else's `BROWSER` would run what they like, `ENTRANCE_CLIENT_DATA` have the
 * tokens kept with them, and `CODEX_HOME` have a file written wherever they say.
 */
export const FROM_ANYWHERE: ReadonlyMap<string, RegExp> = new Map([
  [
    'chat',
    /^(ENTRANCE_(URL|MODEL|MODEL_TIMEOUT)|(AZURE_)?OPENAI_\w+|GITHUB_(TOKEN|MODEL)|OLLAMA_(HOST|MODEL)|HTTPS?_PROXY|NO_PROXY)$/i,
  ],
  ['connect', /^(ENTRANCE_URL|HTTPS?_PROXY|NO_PROXY)$/i],
])
