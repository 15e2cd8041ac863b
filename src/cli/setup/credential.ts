import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDataFolder } from '../data-folder.ts'
import { CommandError } from '../exit-codes.ts'
import type { Operator } from '../graph/operator-token.ts'
import { EXPIRING } from '../registration/compare-credential.ts'
import { type TriedCredential, tryCredential } from '../registration/probe.ts'
import type { Application, DesiredCredential } from '../registration/types.ts'
import { createKeyAndCertificate, readCertificate } from '../self-signed-certificate.ts'
import { credentialName, endAfter, toFederated } from './desired.ts'
import type { SetupOptions, SetupSettings } from './settings.ts'

/** What the server is to prove itself with, and what of it is here. */
export type PreparedCredential = {
  readonly desired: DesiredCredential | undefined
  /** `ENTRANCE_CREDENTIAL`; undefined: a secret, which is the default. */
  readonly variable: string | undefined
  /** As far as it can be tried from this machine. */
  readonly tried: TriedCredential | undefined
  /** Keeps what was made for it; does nothing where it is kept already. */
  readonly keep: () => void
}

/** What makes a client secret of ours a bad one: unknown, ended, empty. */
const REFUSED: ReadonlySet<number> = new Set([7000215, 7000222, 7000216, 7000218])

const keepNothing = () => {}

/** Looks at what is configured, and makes what is missing; nothing is written yet. */
export async function prepareCredential(
  settings: SetupSettings,
  options: Pick<SetupOptions, 'newSecret'>,
  { authority, tenantId }: Pick<Operator, 'authority' | 'tenantId'>,
  application: Application | undefined,
  signal: AbortSignal,
): Promise<PreparedCredential> {
  const { credential, secret, subject, url } = settings
  if (credential === 'certificate') return prepareCertificate(settings)
  if (credential !== 'secret') {
    // Whose tokens are trusted was said when it was configured.
    const desired = subject === undefined ? undefined : toFederated(settings, tenantId)
    return { desired, variable: settings.credentialText, tried: undefined, keep: keepNothing }
  }
  const now = Date.now()
  const verdict =
    application && secret
      ? await tryCredential(authority, application.appId, { secret }, signal)
      : undefined
  const desired: DesiredCredential = {
    kind: 'secret',
    secret,
    isRefused: verdict?.kind === 'refused' && REFUSED.has(verdict.code),
    isRenewed: options.newSecret ?? false,
    displayName: credentialName(url, now),
    endDateTime: endAfter(settings.secretDays, now),
  }
  return { desired, variable: undefined, tried: secret ? { secret } : undefined, keep: keepNothing }
}

function prepareCertificate(settings: SetupSettings): PreparedCredential {
  const { url, secretDays } = settings
  const now = Date.now()
  const displayName = credentialName(url, now)
  const file = settings.certificateFile ?? join(settings.data, 'entra-certificate.pem')
  const date = new Date(now).toISOString().slice(0, 10)
  const successor = file.replace(/(-\d{4}-\d\d-\d\d)?(\.\w+)?$/, `-${date}$2`)
  // The successor is there where a run was stopped that had made it.
  for (const one of existsSync(file) ? [file, successor] : []) {
    const found = readPem(one)
    if (!found || Date.parse(found.endDateTime) - now <= EXPIRING) continue
    const { pem, certificate, endDateTime } = found
    return {
      desired: { kind: 'certificate', certificate, displayName, endDateTime },
      variable: `certificate:${one}`,
      tried: { pem },
      keep: keepNothing,
    }
  }
  const target = existsSync(file) ? successor : file
  const made = createKeyAndCertificate(new URL(url).hostname, secretDays, now)
  return {
    desired: { kind: 'certificate', displayName, ...made },
    variable: `certificate:${target}`,
    tried: { pem: made.pem },
    keep: () => {
      if (!settings.certificateFile) makeDataFolder(settings.data)
      writeKey(target, made.pem)
    },
  }
}

function readPem(file: string) {
  if (!existsSync(file)) return undefined
  try {
    const pem = readFileSync(file, 'utf8')
    return { pem, ...readCertificate(pem) }
  } catch (cause) {
    throw new CommandError(`${file} is not a certificate with its private key (PEM).`, {
      cure: 'Name another file with --credential certificate:FILE; one that is not there is made.',
      cause,
    })
  }
}

/** A key that is there already is never written over. */
function writeKey(file: string, pem: string): void {
  try {
    writeFileSync(file, pem, { mode: 0o600, flag: 'wx', flush: true })
  } catch (cause) {
    throw new CommandError(`${file} cannot be written: ${(cause as Error).message}.`, {
      cure: 'Let this user write there, or name another file with --credential certificate:FILE.',
      cause,
    })
  }
}
