import { statSync } from 'node:fs'
import { loadEnvFile } from 'node:process'
import type { ConfigProblem } from '../core/errors.ts'
import { LOOPBACK_HOSTS } from '../core/site.ts'
import type { EntraCredential } from '../index.ts'
import type { AllowFlags, AllowSettings } from './allow-settings.ts'
import { ALLOW_VARIABLES, resolveAllowSettings } from './allow-settings.ts'
import { type AuditSettings, resolveAuditSettings } from './audit-settings.ts'
import { CREDENTIAL_VARIABLES, resolveCredential } from './credential-settings.ts'
import { type ExpensesSettings, resolveExpenses } from './expenses-settings.ts'
import { resolveKeyVault, type VaultAddress } from './key-vault.ts'
import { type OperatorSettings, resolveOperatorSettings } from './operator-settings.ts'
import {
  type ClientDocuments,
  type Environment,
  readClientDocuments,
  readConsent,
  readCurrency,
  readDrain,
  readHops,
  readLogFormat,
  readPort,
  readRateLimit,
} from './read-variables.ts'
import type { RegistrationFlags, RegistrationSettings } from './registration-settings.ts'
import { REGISTRATION_VARIABLES, resolveRegistrationSettings } from './registration-settings.ts'
import { type ReplicaSettings, resolveReplicas } from './replicas.ts'
import { resolveStore, type StoreSettings } from './store-settings.ts'
import { resolveTelemetry, type TelemetrySettings } from './telemetry-settings.ts'
import { checkNames } from './variable-names.ts'

export type { Environment } from './read-variables.ts'

/** What `entrance serve` takes on its command line; each beats its variable. */
export type ServeOptions = RegistrationFlags &
  AllowFlags & {
    port?: number
    host?: string
    url?: string
    data?: string
    store?: string
    expensesStore?: string
    authority?: string
    emulator?: boolean
    emulatorPort?: number
    tenantId?: string
    clientId?: string
    credential?: string
    trustedProxyHops?: number
    consent?: string
    clientDocuments?: ClientDocuments
    logFormat?: 'text' | 'json'
    drain?: number
    operatorPort?: number
    operatorHost?: string
  }

/** Options and environment, joined; what of it is wrong is in `problems`. */
export type ServeSettings = RegistrationSettings &
  ReplicaSettings &
  AllowSettings & {
    readonly port: number
    /** Addresses to listen on; empty means every one there is. */
    readonly hosts: readonly string[]
    /** Public URL; undefined: `http://localhost:<port>`, once the port is known. */
    readonly url: string | undefined
    readonly data: string
    readonly store: StoreSettings
    readonly expenses: ExpensesSettings
    /** Master keys, the current one first; empty: of a vault, or of the data folder's key file. */
    readonly secrets: readonly string[]
    readonly keyVault?: VaultAddress
    readonly entra: EntraSettings | 'emulator'
    readonly consent: 'always' | 'remember'
    readonly emulatorPort: number
    readonly trustedProxyHops: number
    readonly isRateLimited: boolean
    readonly currency: string
    /** Undefined: as the library has it. */
    readonly clientDocuments: ClientDocuments | undefined
    readonly logFormat: 'text' | 'json'
    /** Seconds that a stop waits for what is under way. */
    readonly drain: number
    readonly operator: OperatorSettings
    readonly audit: AuditSettings
    readonly telemetry: TelemetrySettings
    readonly problems: readonly ConfigProblem[]
  }

export type EntraSettings = {
  readonly tenantId: string
  readonly clientId: string
  readonly credential: EntraCredential
  readonly authority: string | undefined
}

/** The variable behind each option of `createEntrance`, for messages. */
export const VARIABLES: ReadonlyMap<string, string> = new Map([
  ['url', 'ENTRANCE_URL'],
  ['secret', 'ENTRANCE_SECRET'],
  ['store', 'ENTRANCE_STORE'],
  ['trustedProxyHops', 'ENTRANCE_TRUSTED_PROXY_HOPS'],
  ['entra.tenantId', 'AZURE_TENANT_ID'],
  ['entra.clientId', 'ENTRA_PROXY_AZURE_CLIENT_ID'],
  ...CREDENTIAL_VARIABLES,
  ['entra.authority', 'ENTRANCE_AUTHORITY'],
  ...ALLOW_VARIABLES,
  ...REGISTRATION_VARIABLES,
])

/** What the process did not have before `.env` was read. */
const loaded = new Set<string>()

/** Reads `.env` of the working directory, if there is one; what is set already stays. */
export function loadDotEnv(wanted = /./): void {
  // A folder of that name is somebody's Python.
  if (!statSync('.env', { throwIfNoEntry: false })?.isFile()) return
  const before = new Set(Object.keys(process.env))
  loadEnvFile('.env')
  // With a proxy of its choice besides, whoever wrote the file would read along.
  if (!before.has('NODE_TLS_REJECT_UNAUTHORIZED')) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  for (const name of Object.keys(process.env)) if (!before.has(name)) loaded.add(known(name))
  for (const name of loaded) if (!wanted.test(name) && loaded.delete(name)) delete process.env[name]
}

/** Whether a variable is there because of {@link loadDotEnv}; to Windows, letters' case is nothing. */
export const isFromDotEnv = (name: string): boolean => loaded.has(known(name))
const known = (name: string) => (process.platform === 'win32' ? name.toUpperCase() : name)

/** The environment of this process. */
export function environment(): Environment {
  return process.env
}

/** Where keys and databases are kept. */
export function dataFolder(option: string | undefined, env: Environment): string {
  // An empty option is an unset variable of somebody's shell.
  return option || env.ENTRANCE_DATA || '.entrance'
}

/** The master keys of `ENTRANCE_SECRET`: one, or several with commas, the current one first. */
export function secretsOf(env: Environment): string[] {
  const text = env.ENTRANCE_SECRET ?? ''
  return text.startsWith('keyvault:') ? [] : text.split(/[\s,]+/).filter(Boolean)
}

/** Joins options and environment into what `serve` needs. */
export function resolveServeSettings(options: ServeOptions, given: Environment): ServeSettings {
  const problems: ConfigProblem[] = []
  const env = unquote(given, problems)
  checkNames(given, problems)
  const port = options.port ?? readPort('PORT', env, 8000, problems)
  const url = (options.url || env.ENTRANCE_URL || undefined)?.replace(/\/+$/, '')
  checkBaseUrl(url, problems)
  const host = options.host || env.HOST || undefined
  const data = dataFolder(options.data, env)
  const entra = resolveEntra(options, env, { url, host }, problems)
  const keyVault = resolveKeyVault(env.ENTRANCE_SECRET, problems)
  const cosmosKey = env.ENTRANCE_COSMOS_KEY
  const store = resolveStore(options.store || env.ENTRANCE_STORE, data, problems, cosmosKey)
  const expensesStore = options.expensesStore || env.EXPENSES_STORE
  const emulatorPort = options.emulatorPort ?? readPort('EMULATOR_PORT', env, 8400, problems)
  if (entra === 'emulator' && port === emulatorPort && port !== 0) problems.push(samePort(port))
  return {
    ...resolveAllowSettings(options, env, problems),
    ...resolveRegistrationSettings(options, env, host, problems),
    port,
    hosts: resolveHosts(host, url),
    url,
    data,
    store,
    expenses: resolveExpenses(expensesStore, { store, data }, problems),
    ...resolveReplicas(env, problems),
    secrets: secretsOf(env),
    ...(keyVault && { keyVault }),
    entra,
    consent: readConsent(options.consent || env.ENTRANCE_CONSENT, problems),
    emulatorPort,
    trustedProxyHops: options.trustedProxyHops ?? readHops(env, problems),
    isRateLimited: readRateLimit(env, problems),
    currency: readCurrency(env, problems),
    clientDocuments: options.clientDocuments ?? readClientDocuments(env, problems),
    logFormat: options.logFormat ?? readLogFormat(env, problems),
    drain: options.drain ?? readDrain(env, problems),
    operator: resolveOperatorSettings(options, env, problems),
    audit: resolveAuditSettings(env, problems),
    telemetry: resolveTelemetry(env, problems),
    problems,
  }
}

const OWN = /^(PORT|HOST|EMULATOR_PORT|LOG_FORMAT|AZURE_TENANT_ID|(ENTRANCE|EXPENSES|ENTRA_PROXY)_)/

/** `docker --env-file` and the like take quotation marks for a part of the value. */
function unquote(env: Environment, problems: ConfigProblem[]): Environment {
  const unquoted = Object.entries(env).flatMap(([name, value = '']) => {
    const inner = OWN.test(name) && /^\s*(["'])(.*)\1\s*$/.exec(value)?.[2]
    return typeof inner === 'string' ? [[name, inner] as const] : []
  })
  for (const [option] of unquoted) {
    problems.push({ option, problem: 'has quotation marks around it.', cure: 'Remove them.' })
  }
  return { ...env, ...Object.fromEntries(unquoted) }
}

/** The addresses of endpoints are the ones that people have at hand. */
function checkBaseUrl(url: string | undefined, problems: ConfigProblem[]): void {
  const tail = /\/(mcp|auth\/callback)\/?$/.exec(URL.parse(url ?? '')?.pathname ?? '')?.[1]
  if (tail === undefined) return
  const problem = `'${url}' is the address of an endpoint; the one that all are below is expected.`
  problems.push({ option: 'ENTRANCE_URL', problem, cure: `Leave out /${tail} at its end.` })
}

function resolveHosts(host: string | undefined, url: string | undefined): readonly string[] {
  // The name stands for both addresses, and clients try the one or the other first.
  if (host === 'localhost' || (!host && isLoopbackUrl(url))) return ['127.0.0.1', '::1']
  return host ? [host.replace(/^\[(.*)\]$/, '$1')] : []
}

function samePort(port: number): ConfigProblem {
  const problem = `${port} is the port of the server too.`
  return { option: 'EMULATOR_PORT', problem, cure: 'Choose another for one of them.' }
}

type Address = { readonly url: string | undefined; readonly host: string | undefined }

/**
 * Real credentials, or the emulator. The emulator lets anybody in, so it comes up only where it
 * was asked for, nothing of Entra is configured, and nobody else can reach it.
 */
function resolveEntra(
  options: ServeOptions,
  env: Environment,
  address: Address,
  problems: ConfigProblem[],
): EntraSettings | 'emulator' {
  const entra = {
    tenantId: options.tenantId ?? env.AZURE_TENANT_ID ?? '',
    clientId: options.clientId ?? env.ENTRA_PROXY_AZURE_CLIENT_ID ?? '',
    credential: resolveCredential(options.credential, env, problems),
    authority: options.authority ?? (env.ENTRANCE_AUTHORITY || undefined),
  }
  const { credential } = entra
  const isConfigured = Boolean(
    entra.tenantId || entra.clientId || credential.kind !== 'secret' || credential.secret,
  )
  const isAsked = options.emulator ?? (isClone(env) && !isConfigured)
  if (!isAsked) {
    if (!isConfigured) problems.push(EMULATOR_NOT_ASKED)
    return entra
  }
  const hindrance = isConfigured ? EMULATOR_AND_ENTRA : findHindrance(env, address, entra.authority)
  if (!hindrance) return 'emulator'
  problems.push(hindrance)
  // In a clone nobody asked in so many words: there, the missing variables are wrong as well.
  return options.emulator ? 'emulator' : entra
}

const EMULATOR_NOT_ASKED: ConfigProblem = {
  option: '--emulator',
  problem: 'is not given, and of the three Entra variables none is set.',
  cure: 'Set them, or give --emulator to try the server with no Entra ID: it lets anybody in.',
}

const EMULATOR_AND_ENTRA: ConfigProblem = {
  option: '--emulator',
  problem: 'stands against the Entra variables that are set: it is the one or the other.',
  cure: 'Leave out --emulator, or unset ENTRA_PROXY_AZURE_*, ENTRANCE_CREDENTIAL and AZURE_TENANT_ID.',
}

/** Why the emulator may not come up here: somebody else could reach it, or it would be no try-out. */
function findHindrance(
  env: Environment,
  { url, host }: Address,
  authority: string | undefined,
): ConfigProblem | undefined {
  const hinder = (option: string, value: string | undefined): ConfigProblem => ({
    option,
    problem: `is ${value}, and so the Entra ID emulator, which lets anybody in, does not come up.`,
    cure: `Set the three Entra variables; or unset ${option} to try the server out on this machine.`,
  })
  if (env.NODE_ENV === 'production') return hinder('NODE_ENV', env.NODE_ENV)
  if (authority) return hinder('ENTRANCE_AUTHORITY', authority)
  if (!isLoopbackUrl(url)) return hinder('ENTRANCE_URL', url)
  if (!isLoopbackHost(host)) return hinder('HOST', host)
  return undefined
}

/** Set by the repository's own scripts: `npm start` in a clone is somebody trying it out. */
function isClone(env: Environment): boolean {
  return env.ENTRANCE_CLONE === '1'
}

function isLoopbackUrl(url: string | undefined): boolean {
  return url === undefined || LOOPBACK_HOSTS.has(URL.parse(url)?.hostname ?? '')
}

function isLoopbackHost(host: string | undefined): boolean {
  return host === undefined || host === '::1' || LOOPBACK_HOSTS.has(host)
}
