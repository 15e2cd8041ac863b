import type { Check } from './check.ts'
import { authorizeCheck } from './checks/authorize.ts'
import { certificateCheck } from './checks/certificate.ts'
import { configChecks } from './checks/config.ts'
import { credentialChecks } from './checks/credential.ts'
import { keyFileCheck } from './checks/data.ts'
import { fileChecks, operatorCheck } from './checks/data-files.ts'
import { storeChecks } from './checks/data-store.ts'
import { loginHostChecks } from './checks/login-host.ts'
import { metadataChecks } from './checks/metadata.ts'
import { registrationCheck } from './checks/registration.ts'
import { serverMetadataChecks } from './checks/server-metadata.ts'
import { serverReachChecks } from './checks/server-reach.ts'
import { serverSignInChecks } from './checks/server-sign-in.ts'

/** Every check, in the order in which a sign-in that fails meets what they are about. */
export const CHECKS: readonly Check[] = [
  ...configChecks,
  operatorCheck,
  keyFileCheck,
  ...storeChecks,
  ...fileChecks,
  certificateCheck,
  ...loginHostChecks,
  ...metadataChecks,
  registrationCheck,
  authorizeCheck,
  ...credentialChecks,
  ...serverReachChecks,
  ...serverMetadataChecks,
  ...serverSignInChecks,
]
