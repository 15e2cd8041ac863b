import { readFileSync } from 'node:fs'
import { LOOPBACK_HOSTS } from '../core/site.ts'
import type { ConfigProblem, ConfiguredClient, RegistrationOptions } from '../index.ts'
import type { Environment } from './read-variables.ts'

/** The variable behind each option of the library, for messages. */
export const REGISTRATION_VARIABLES: readonly (readonly [option: string, variable: string])[] = [
  ['registration.mode', 'ENTRANCE_REGISTRATION'],
  ['registration.allow', 'ENTRANCE_REDIRECT_URIS'],
  ['registration.adopt', 'ENTRANCE_ADOPT'],
  ['clients', 'ENTRANCE_CLIENTS'],
]

/** What `entrance serve` takes on its command line about clients; each beats its variable. */
export type RegistrationFlags = {
  registration?: string
  redirectUris?: string
  clients?: string
  adopt?: boolean
}

/** Which clients may turn up, and which are known beforehand. */
export type RegistrationSettings = {
  readonly registration: RegistrationOptions
  readonly clients: readonly ConfiguredClient[]
}

/** A file of clients is a page or two; more is some other file. */
const MAX_BYTES = 1024 * 1024

/** Joins options and environment; what is wrong with the values themselves the library says. */
export function resolveRegistrationSettings(
  options: RegistrationFlags,
  env: Environment,
  host: string | undefined,
  problems: ConfigProblem[],
): RegistrationSettings {
  const mode = options.registration ?? (env.ENTRANCE_REGISTRATION || undefined)
  const list = options.redirectUris ?? (env.ENTRANCE_REDIRECT_URIS || undefined)
  const path = options.clients || env.ENTRANCE_CLIENTS || undefined
  const adopt = options.adopt ?? readFlag('ENTRANCE_ADOPT', env.ENTRANCE_ADOPT, problems)
  if (adopt && host !== undefined && host !== '::1' && !LOOPBACK_HOSTS.has(host)) {
    problems.push(adoptingInPublic(host))
  }
  return {
    registration: {
      mode: mode as RegistrationOptions['mode'],
      // A list that somebody emptied is refused; a variable that is not set is none.
      allow: list?.split(/[\s,]+/).filter(Boolean),
      adopt,
    },
    clients: path === undefined ? [] : readClients(path, problems),
  }
}

/** An unknown client is a matter between a person and their own computer. */
function adoptingInPublic(host: string): ConfigProblem {
  const problem = `is for a server that only this machine can reach, and HOST is ${host}.`
  return { option: 'ENTRANCE_ADOPT', problem, cure: 'Leave out the one or the other.' }
}

function readFlag(option: string, text: string | undefined, problems: ConfigProblem[]): boolean {
  if (!text || text === '0') return false
  if (text === '1') return true
  const problem = `'${text}' is neither 1 nor 0.`
  problems.push({ option, problem, cure: 'Leave it out for 0.' })
  return false
}

/** Reads the file. It may hold secrets: nothing of it is repeated, as the parser's words would do. */
function readClients(path: string, problems: ConfigProblem[]): readonly ConfiguredClient[] {
  const option = 'ENTRANCE_CLIENTS'
  const shape = 'Write a JSON array of clients: docs/configuration.md shows one.'
  try {
    const bytes = readFileSync(path)
    if (bytes.length > MAX_BYTES) {
      const problem = `${path} has ${bytes.length} bytes; ${MAX_BYTES} at most are read.`
      problems.push({ option, problem, cure: shape })
      return []
    }
    // What is in it is checked where the other options are.
    return JSON.parse(bytes.toString('utf8')) as readonly ConfiguredClient[]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const isJson = code === undefined
    problems.push({
      option,
      problem: isJson ? `${path} is not JSON.` : `${path} cannot be read: ${code}.`,
      cure: isJson ? shape : 'Name a file that this user can read.',
    })
    return []
  }
}
