import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { authorityExtensions, createCertificate, serverExtensions, toPem } from './certificate.ts'

/** A server's key and certificate, and whom to trust for it; PEM texts. */
export type ServerCertificate = {
  readonly key: string
  readonly cert: string
  /** The certificate of the authority. */
  readonly ca: string
  /** Where that is kept, for `NODE_EXTRA_CA_CERTS`. */
  readonly caFile: string | undefined
}

/** What every certificate is for. */
export const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1']

/** The name of the file that others are to trust. */
export const CA_FILE = 'emulator-ca.pem'

type Authority = { names: readonly string[]; key: string; cert: string }

const KEY_FILE = 'emulator-ca.json'
const COMMON_NAME = 'Entra ID emulator (development only)'
const DAY = 24 * 60 * 60 * 1000
const SERVER_DAYS = 397
const AUTHORITY_DAYS = 3650

/**
 * Makes a certificate for these names besides the local ones, under an authority that is kept in the
 * folder, so that it has to be trusted once. Without a folder both go with the emulator. The time
 * is the machine's: whoever checks a certificate knows no other.
 */
export function issueServerCertificate(
  folder: string | undefined,
  others: readonly string[] = [],
): ServerCertificate {
  const names = [...new Set([...LOCAL_NAMES, ...others])]
  const authority = readAuthority(folder, names) ?? createAuthority(folder, names)
  const issuerKey = createPrivateKey(authority.key)
  const { publicKey, privateKey } = newKey()
  const now = Date.now()
  const certificate = createCertificate({
    commonName: 'localhost',
    publicKey,
    issuer: { commonName: COMMON_NAME, privateKey: issuerKey },
    notBefore: now - DAY,
    notAfter: now + SERVER_DAYS * DAY,
    extensions: serverExtensions(publicKey, names, issuerKey),
  })
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    // With the authority behind it, for browsers that are told to trust that one's key.
    cert: toPem(certificate) + authority.cert,
    ca: authority.cert,
    caFile: folder === undefined ? undefined : join(folder, CA_FILE),
  }
}

/** The authority in the folder, where it vouches for all the names and lives long enough. */
function readAuthority(
  folder: string | undefined,
  names: readonly string[],
): Authority | undefined {
  const text = folder === undefined ? undefined : readIfThere(join(folder, KEY_FILE))
  if (text === undefined) return undefined
  const path = join(folder as string, KEY_FILE)
  try {
    const kept = JSON.parse(text) as Authority
    const certificate = new X509Certificate(kept.cert)
    const isOurs = certificate.checkPrivateKey(createPrivateKey(kept.key))
    if (!isOurs) throw new Error('The key is another certificate’s.')
    const covers = names.every((name) => kept.names.includes(name))
    const lasts = Date.parse(certificate.validTo) > Date.now() + (SERVER_DAYS + 1) * DAY
    return covers && lasts ? kept : undefined
  } catch (cause) {
    const problem = `${path} is not the emulator's certificate authority. Delete it to start afresh.`
    throw new Error(problem, { cause })
  }
}

function createAuthority(folder: string | undefined, names: readonly string[]): Authority {
  const { publicKey, privateKey } = newKey()
  const now = Date.now()
  const certificate = createCertificate({
    commonName: COMMON_NAME,
    publicKey,
    issuer: { commonName: COMMON_NAME, privateKey },
    notBefore: now - DAY,
    notAfter: now + AUTHORITY_DAYS * DAY,
    extensions: authorityExtensions(publicKey, names),
  })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const authority = { names, key, cert: toPem(certificate) }
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    replaceFile(join(folder, CA_FILE), authority.cert)
    replaceFile(join(folder, KEY_FILE), `${JSON.stringify(authority, null, 2)}\n`)
  }
  return authority
}

function newKey() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, text, { mode: 0o600 })
  renameSync(temporary, path)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
