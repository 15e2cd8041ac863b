import type { Direction } from './suite.ts'

const TASKS =
  'The tasks extension: an MCP server’s own matter, which the gate passes on like any request'
const SKILLS = 'The skills extension: likewise'
const PROGRAMS = 'A grant for programs: `entrance client` signs a person in'
const DPOP = 'An extension: Entrance and its client use bearer tokens'
const QUESTIONS = '`entrance client` declares that it answers no questions of a server'

/**
 * Scenarios of the suite that are not run, and why. Every other one that the suite lists is run,
 * a new one too: it has to pass, or to be given a reason here. `docs/conformance.md` says the same.
 */
export const NOT_APPLICABLE: Readonly<Record<Direction, ReadonlyMap<string, string>>> = {
  authorization: new Map(),
  server: new Map([
    ['tasks-lifecycle', TASKS],
    ['tasks-capability-negotiation', TASKS],
    ['tasks-wire-fields', TASKS],
    ['tasks-request-state-removal', TASKS],
    ['tasks-mrtr-input', TASKS],
    ['tasks-request-headers', TASKS],
    ['tasks-dispatch-and-envelope', TASKS],
    ['tasks-status-notifications', TASKS],
    ['tasks-required-task-error', TASKS],
    ['tasks-mrtr-composition', TASKS],
    ['sep-2640-skills-directory', SKILLS],
    ['sep-2640-skills-enumeration', SKILLS],
    ['sep-2640-skills-manifest', SKILLS],
  ]),
  client: new Map([
    [
      'auth/2025-03-26-oauth-endpoint-fallback',
      'A server without metadata announces no PKCE: since 2025-11-25 a client has to refuse it',
    ],
    ['auth/client-credentials-jwt', PROGRAMS],
    ['auth/client-credentials-basic', PROGRAMS],
    ['auth/wif-jwt-bearer', PROGRAMS],
    [
      'auth/enterprise-managed-authorization',
      'Needs an assertion (ID-JAG) from the identity provider, which Entra ID does not issue',
    ],
    ['auth/dpop', DPOP],
    ['auth/dpop-nonce', DPOP],
    ['elicitation-sep1034-client-defaults', QUESTIONS],
    ['sep-2322-client-request-state', QUESTIONS],
    ['sep-2640-client-no-prefetch', SKILLS],
    ['sep-2640-client-verify-digest', SKILLS],
    ['sep-2640-client-verify-size', SKILLS],
    ['sep-2640-client-verify-frontmatter', SKILLS],
  ]),
}
