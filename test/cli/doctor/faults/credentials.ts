import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createKeyAndCertificate,
  readCertificate,
} from '../../../../src/cli/self-signed-certificate.ts'
import type { Fault } from '../fault.ts'
import { dotEnv, portal } from '../portal.ts'
import type { World } from '../world.ts'

/** What is wrong with how this server shows Entra that it is the application. */
export const credentialFaults: readonly Fault[] = [
  {
    name: 'the client secret is wrong',
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_SECRET = 'not~the~secret'
    },
    finding: 'entra.credential.wrong',
    says: /AADSTS7000215/,
    cure: portal.createSecret,
  },
  {
    name: 'the client secret is cut off',
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_SECRET = env.ENTRA_PROXY_AZURE_CLIENT_SECRET?.slice(0, 20) ?? ''
    },
    finding: 'entra.credential.wrong',
    says: /20 characters long/,
    cure: dotEnv.copySecret,
  },
  {
    name: 'the client secret has been removed from the registration',
    plant: ({ app }) => {
      app.passwordCredentials = []
    },
    finding: 'entra.credential.wrong',
    says: /AADSTS7000215/,
    cure: portal.createSecret,
  },
  {
    name: 'the client secret has expired',
    plant: ({ app }) => {
      for (const secret of app.passwordCredentials) secret.endDateTime = '2026-01-31T00:00:00Z'
    },
    finding: 'entra.credential.expired',
    says: /AADSTS7000222/,
    cure: portal.createSecret,
  },
  {
    name: "the workload's token file is not there",
    plant: ({ env, folder }) => {
      env.ENTRANCE_CREDENTIAL = `workload-identity:${join(folder, 'token')}`
    },
    finding: 'config.entra.wrong',
    says: /token does not exist/,
    cure: dotEnv.useSecret,
  },
  {
    name: 'the certificate ends within a month',
    plant: (world) => register(world, useCertificate(world, 10)),
    finding: 'entra.certificate.expiring',
    status: 'warning',
    says: /upload it under Certificates/,
    cure: (world) => register(world, useCertificate(world, 365)),
  },
  {
    name: "the certificate is not one of the registration's",
    plant: (world) => void useCertificate(world, 365),
    finding: 'entra.credential.certificate',
    says: /AADSTS700027/,
    cure: (world, { portal: steps }) => {
      if (!/Upload certificate/.test(steps?.join(' ') ?? '')) throw new Error('no cure')
      register(world, readFileSync(certificateFile(world), 'utf8'))
    },
  },
]

/** Makes a certificate for so many days, and has the server use it. */
function useCertificate({ env, folder }: World, days: number): string {
  const path = join(folder, `entra-${days}.pem`)
  const { pem } = createKeyAndCertificate('entrance', days, Date.now())
  writeFileSync(path, pem, { mode: 0o600 })
  env.ENTRANCE_CREDENTIAL = `certificate:${path}`
  return pem
}

function certificateFile({ env }: World): string {
  return (env.ENTRANCE_CREDENTIAL as string).replace('certificate:', '')
}

/** Certificates & secrets, Certificates: uploads it. */
function register({ app }: World, pem: string): void {
  const { certificate: key, endDateTime } = readCertificate(pem)
  const dates = { startDateTime: '2026-01-01T00:00:00Z', endDateTime }
  app.keyCredentials.push({ keyId: crypto.randomUUID(), displayName: 'entrance', key, ...dates })
}
