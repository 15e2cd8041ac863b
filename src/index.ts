export {
  AUDIT_EVENTS,
  type AuditClient,
  type AuditEvent,
  type AuditName,
  type AuditOutcome,
  type AuditPerson,
  auditFields,
} from './core/audit-event.ts'
export type { Connection } from './core/client-address.ts'
export {
  createEntrance,
  type Entrance,
  type EntranceStatus,
} from './core/entrance.ts'
export { ConfigError, type ConfigProblem, EntraError, OAuthError } from './core/errors.ts'
export type { KeyStatus } from './core/key-watch.ts'
export type { KeySource, KeyWatcher, MasterKey } from './core/keys/keyring.ts'
export type { MovedRecord, MovedRecords, Taken } from './core/moved-records.ts'
export type { Observer, Step, Verdict } from './core/observer.ts'
export type { BarResult } from './core/operator/bar.ts'
export type { ListedClient } from './core/operator/list-clients.ts'
export type { Operator, OperatorAccess } from './core/operator/operator.ts'
export { OperatorError } from './core/operator/operator-error.ts'
export type { Session } from './core/operator/sessions.ts'
export type {
  AllowOptions,
  ConfiguredClient,
  EntraCredential,
  EntranceOptions,
  EntraOptions,
  LimitOptions,
  RegistrationOptions,
} from './core/options.ts'
export type { AuthInfo, User } from './core/protected-resource/auth-info.ts'
export type { Authentication, GateHeaders } from './core/protected-resource/authenticate.ts'
export type { Refusal } from './core/protected-resource/challenge.ts'
export type {
  ProtectedContext,
  ProtectedHandler,
} from './core/protected-resource/protected-handler.ts'
export {
  type Authorized,
  requireRole,
  requireScope,
  type ScopeChallenge,
  scopeChallenge,
} from './core/protected-resource/require.ts'
export type { Resealed } from './core/reseal.ts'
export { findConfigProblems } from './core/resolve-options.ts'
export type { Log, LogEvent } from './log.ts'
export type {
  RecordPage,
  RecordQuery,
  Revocation,
  RevocationPage,
  Store,
  StoredRecord,
  StoreFinding,
  StoreState,
} from './stores/store.ts'
