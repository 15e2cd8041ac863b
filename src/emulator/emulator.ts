export { CONSUMERS_TENANT_ID } from './authority.ts'
export type { Behaviour } from './behaviour.ts'
export type { Clock } from './clock.ts'
export type { CloudName } from './cloud.ts'
export {
  ConfigurationError,
  type ConfigurationProblem,
} from './configuration/configuration-error.ts'
export {
  type ApplicationOptions,
  createApplication,
  createGroup,
  createGuest,
  createPermissionScope,
  createServicePrincipal,
  createTenant,
  createUser,
  type DirectoryOptions,
  type GroupOptions,
  type ServicePrincipalOptions,
  type TenantOptions,
  type UserOptions,
} from './create-directory.ts'
export { createEmulator, type Emulator, type EmulatorOptions } from './create-emulator.ts'
export type * from './directory.ts'
export { ConnectionDropped } from './faults/apply-fault.ts'
export type { ActiveFault, Fault, FaultAction, FaultMatch, Faults } from './faults/fault.ts'
export type { TokenRequest } from './issue-token.ts'
export { type RunningEmulator, type StartOptions, startEmulator } from './listen.ts'
export { SEED } from './seed.ts'
export type { SeenRequest } from './seen.ts'
