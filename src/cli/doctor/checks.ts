import type { Check } from './check.ts'
import { authorizeCheck } from './checks/authorize.ts'
import { configChecks } from './checks/config.ts'
import { credentialChecks } from './checks/credential.ts'
import { loginHostChecks } from './checks/login-host.ts'
import { metadataChecks } from './checks/metadata.ts'

/** Every check, in the order in which a sign-in that fails meets what they are about. */
export const CHECKS: readonly Check[] = [
  ...configChecks,
  ...loginHostChecks,
  ...metadataChecks,
  authorizeCheck,
  ...credentialChecks,
]
