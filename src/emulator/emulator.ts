export { CONSUMERS_TENANT_ID } from './authority.ts'
export type { CloudName } from './cloud.ts'
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
export {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
  type SeenRequest,
} from './create-emulator.ts'
export type * from './directory.ts'
export { type RunningEmulator, type StartOptions, startEmulator } from './listen.ts'
export { SEED } from './seed.ts'
