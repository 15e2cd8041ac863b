import type { Direction } from './suite.ts'

const EXTENSION = 'An extension of MCP that Entrance has nothing to do with'
const QUESTIONS = 'entrance client declares that it answers no questions of a server'

/**
 * Scenarios of the suite that are not run, and why. Every other one that the suite lists is run,
 * a new one too: it has to pass, or to be given a reason here.
 */
export const NOT_APPLICABLE: Readonly<Record<Direction, ReadonlyMap<string, string>>> = {
  authorization: new Map(),
  server: new Map([
    ['tasks-lifecycle', EXTENSION],
    ['tasks-capability-negotiation', EXTENSION],
    ['tasks-wire-fields', EXTENSION],
    ['tasks-request-state-removal', EXTENSION],
    ['tasks-mrtr-input', EXTENSION],
    ['tasks-request-headers', EXTENSION],
    ['tasks-dispatch-and-envelope', EXTENSION],
    ['tasks-status-notifications', EXTENSION],
    ['tasks-required-task-error', EXTENSION],
    ['tasks-mrtr-composition', EXTENSION],
    ['sep-2640-skills-directory', EXTENSION],
    ['sep-2640-skills-enumeration', EXTENSION],
    ['sep-2640-skills-manifest', EXTENSION],
  ]),
  client: new Map([
    [
      'auth/2025-03-26-oauth-endpoint-fallback',
      'A server without metadata announces no PKCE; MCP has had clients refuse such a one since 2025-11-25',
    ],
    ['auth/client-credentials-jwt', 'A grant for programs; entrance client signs a person in'],
    ['auth/client-credentials-basic', 'A grant for programs; entrance client signs a person in'],
    [
      'auth/enterprise-managed-authorization',
      'A grant from an enterprise’s identity provider, which Entra ID does not issue',
    ],
    ['auth/wif-jwt-bearer', 'A grant for workloads; entrance client signs a person in'],
    ['auth/dpop', 'An extension; Entrance issues bearer tokens'],
    ['auth/dpop-nonce', 'An extension; Entrance issues bearer tokens'],
    ['elicitation-sep1034-client-defaults', QUESTIONS],
    ['sep-2322-client-request-state', QUESTIONS],
    ['sep-2640-client-no-prefetch', EXTENSION],
    ['sep-2640-client-verify-digest', EXTENSION],
    ['sep-2640-client-verify-size', EXTENSION],
    ['sep-2640-client-verify-frontmatter', EXTENSION],
  ]),
}
