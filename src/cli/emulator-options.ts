import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type ConfigProblem } from '../core/errors.ts'
import { ConfigurationError, parseConfiguration } from '../emulator/configuration/configuration.ts'
import type { CloudName, DirectoryOptions, StartOptions } from '../emulator/emulator.ts'
import { findDataFolderProblems } from './data-folder.ts'

/** What `entrance emulator` takes on its command line. */
export type EmulatorCommandOptions = {
  port: number
  /** The address to bind. @default loopback only */
  host?: string
  /** Allows a host that is not loopback. */
  expose?: boolean
  /** The name in its address. @default 'localhost' */
  hostname?: string
  /** The folder to keep keys and consents in. @default kept in memory */
  data?: string
  /** The configuration file. */
  config?: string
  https?: boolean
  cert?: string
  key?: string
  cloud?: CloudName
  control?: boolean
  /** Says where it is as one line of JSON in place of the banner. */
  json?: boolean
  printConfig?: boolean
  printSchema?: boolean
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i
const MAX_PEM = 1024 * 1024
const MAX_CONFIG = 16 * 1024 * 1024

/** Reads the files that the options name; everything that is wrong is said at once. */
export function resolveEmulatorOptions(options: EmulatorCommandOptions): StartOptions {
  const problems: ConfigProblem[] = [
    ...findHostProblems(options),
    ...(options.data === undefined ? [] : findDataFolderProblems(options.data, '--data')),
  ]
  const tls = readTls(options, problems)
  const directory = readDirectory(options.config, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  const { port, host, hostname, data, https, cloud, control } = options
  return {
    port,
    ...(host !== undefined && { host }),
    ...(hostname !== undefined && { hostname }),
    ...(data !== undefined && { dataFile: join(data, 'emulator.json') }),
    ...(https && { https }),
    ...(tls && { tls }),
    ...(directory && { directory }),
    ...(cloud && { cloud }),
    ...(control && { control }),
  }
}

function findHostProblems(options: EmulatorCommandOptions): ConfigProblem[] {
  const { host, expose, hostname, control } = options
  const problems: ConfigProblem[] = []
  const isExposed = host !== undefined && !LOOPBACK.test(host)
  if (isExposed && !expose) {
    problems.push({
      option: '--host',
      problem: `is ${host}, where others can reach the emulator: whoever does signs in as anybody they like.`,
      cure: 'Leave it out; or give --expose too, in a container or network that is yours alone.',
    })
  }
  if (isExposed && control) {
    problems.push({
      option: '--control',
      problem: `does not go with --host ${host}: whoever can reach it could change the directory.`,
      cure: 'Leave out one of the two; a configuration file (--config) needs no control API.',
    })
  }
  if (hostname !== undefined && !HOST_NAME.test(hostname)) {
    problems.push({
      option: '--hostname',
      problem: `is ${JSON.stringify(hostname)}, which is no host name.`,
      cure: 'Give a name such as emulator.test, without scheme and port.',
    })
  }
  return problems
}

function readTls(
  { https, cert, key }: EmulatorCommandOptions,
  problems: ConfigProblem[],
): StartOptions['tls'] {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) {
    const [option, other] = cert === undefined ? ['--cert', '--key'] : ['--key', '--cert']
    const cure = `Give ${option} too; or --https alone, and a certificate is made.`
    problems.push({ option, problem: `is missing, and ${other} is given.`, cure })
    return undefined
  }
  if (https) {
    const problem = 'makes a certificate, and --cert brings one.'
    problems.push({ option: '--https', problem, cure: 'Leave out the one or the other.' })
  }
  const tls = {
    cert: readText('--cert', cert, MAX_PEM, problems),
    key: readText('--key', key, MAX_PEM, problems),
  }
  if (tls.cert && tls.key) problems.push(...findTlsProblems(cert, key, tls))
  return tls
}

function findTlsProblems(
  certFile: string,
  keyFile: string,
  { cert, key }: { cert: string; key: string },
): ConfigProblem[] {
  const certificate = attempt(() => new X509Certificate(cert))
  const privateKey = attempt(() => createPrivateKey(key))
  const cure = 'Give the PEM files that belong together: certificate first, its chain behind it.'
  if (!certificate) {
    return [{ option: '--cert', problem: `${certFile} holds no certificate in PEM.`, cure }]
  }
  if (!privateKey) {
    const problem = `${keyFile} holds no private key in PEM without a passphrase.`
    return [{ option: '--key', problem, cure }]
  }
  if (certificate.checkPrivateKey(privateKey)) return []
  return [{ option: '--key', problem: `${keyFile} is not the key of ${certFile}.`, cure }]
}

function readDirectory(
  path: string | undefined,
  problems: ConfigProblem[],
): DirectoryOptions | undefined {
  if (path === undefined) return undefined
  const text = readText('--config', path, MAX_CONFIG, problems)
  if (text === '') return undefined
  try {
    return parseConfiguration(text)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    problems.push(
      ...error.problems.map(({ path: at, problem, cure }) => ({
        option: at === '' ? path : `${path}: ${at}`,
        problem,
        cure,
      })),
    )
    return undefined
  }
}

/** The text of a file; empty where it cannot be had, which is a problem. */
function readText(option: string, path: string, max: number, problems: ConfigProblem[]): string {
  const cannot = (why: string) => {
    const problem = `${path} cannot be read: ${why}.`
    problems.push({
      option,
      problem,
      cure: 'Name a file that is there and that this user may read.',
    })
    return ''
  }
  try {
    if (!statSync(path).isFile()) return cannot('it is not a file')
    if (statSync(path).size > max) return cannot(`it has more than ${max} bytes`)
    return readFileSync(path, 'utf8') || cannot('it is empty')
  } catch (error) {
    return cannot((error as Error).message)
  }
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
