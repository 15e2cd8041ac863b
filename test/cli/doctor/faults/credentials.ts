import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import type { Finding } from '../../../../src/cli/doctor/finding.ts'
import {
  createKeyAndCertificate,
  readCertificate,
} from '../../../../src/cli/self-signed-certificate.ts'
import type { Application } from '../../../../src/emulator/emulator.ts'
import { startIssuer } from '../../../support/credentials.ts'
import type { Fault } from '../fault.ts'
import { dotEnv, portal } from '../portal.ts'
import type { World } from '../world.ts'

/** What the registration trusts in place of what a workload's token has. */
const TRUSTED: readonly (readonly [member: string, Partial<FederatedCredential>, RegExp])[] = [
  [
    'subject',
    { subject: 'system:serviceaccount:default:another' },
    /AADSTS700213.*subject.*exactly/,
  ],
  ['audience', { audiences: ['api://another'] }, /AADSTS700212.*audience.*exactly/],
  ['issuer', { issuer: 'https://another.example' }, /AADSTS700211.*issuer.*exactly/],
]

type FederatedCredential = Application['federatedIdentityCredentials'][number]

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
    signIn: {
      where: 'page',
      says: /AADSTS7000215.*put its Value, not its ID, into ENTRA_PROXY_AZURE_CLIENT_SECRET/,
    },
  },
  {
    name: 'the client secret is cut off',
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_SECRET = env.ENTRA_PROXY_AZURE_CLIENT_SECRET?.slice(0, 20) ?? ''
    },
    finding: 'entra.credential.wrong',
    says: /20 characters long/,
    cure: dotEnv.copySecret,
    signIn: { where: 'page', says: /AADSTS7000215.*put its Value/ },
  },
  {
    name: 'the client secret has been removed from the registration',
    plant: ({ app }) => {
      app.passwordCredentials = []
    },
    finding: 'entra.credential.wrong',
    says: /AADSTS7000215/,
    cure: portal.createSecret,
    signIn: { where: 'page', says: /AADSTS7000215.*Create a new client secret/ },
  },
  {
    name: 'the client secret has expired',
    plant: ({ app }) => {
      for (const secret of app.passwordCredentials) secret.endDateTime = '2026-01-31T00:00:00Z'
    },
    finding: 'entra.credential.expired',
    says: /AADSTS7000222/,
    cure: portal.createSecret,
    signIn: { where: 'page', says: /AADSTS7000222.*Create a new client secret/ },
  },
  {
    name: "the workload's token file is not there",
    plant: ({ env, folder }) => {
      env.ENTRANCE_CREDENTIAL = `workload-identity:${join(folder, 'token')}`
    },
    finding: 'config.entra.wrong',
    says: /token does not exist/,
    cure: dotEnv.useSecret,
    signIn: { where: 'start', says: /token does not exist\. Name the file of the federated token/ },
  },
  {
    name: 'the certificate ends within a month',
    plant: (world) => register(world, useCertificate(world, 10)),
    finding: 'entra.certificate.expiring',
    status: 'warning',
    says: /upload it under Certificates/,
    cure: (world) => register(world, useCertificate(world, 365)),
    signIn: { where: 'none', because: 'It has not ended yet.' },
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
    signIn: { where: 'page', says: /AADSTS700027.*Upload the certificate/ },
  },
  {
    name: 'the certificate has ended',
    plant: (world) => register(world, useCertificate(world, -2)),
    finding: 'config.entra.wrong',
    says: /ended on/,
    cure: (world) => register(world, useCertificate(world, 365)),
    signIn: { where: 'start', says: /ENTRANCE_CREDENTIAL: ended on.* Make a new one, upload it/ },
  },
  {
    name: "the private key is another certificate's",
    plant: (world) => {
      const [key] = useCertificate(world, 364).split(/(?=-----BEGIN CERTIFICATE)/)
      const [, certificate] = useCertificate(world, 365).split(/(?=-----BEGIN CERTIFICATE)/)
      register(world, certificate as string)
      writeFileSync(certificateFile(world), `${key}${certificate}`)
    },
    finding: 'config.entra.wrong',
    says: /key/,
    cure: (world) => register(world, useCertificate(world, 365)),
    signIn: { where: 'start', says: /private key that does not belong to the certificate\. Give/ },
  },
  ...TRUSTED.map(([member, trusted, says]) => ({
    name: `the federated credential has another ${member} than the token of the workload`,
    plant: (world: World) => useWorkload(world, trusted),
    finding: 'entra.credential.federated',
    says: new RegExp(`AADSTS70021\\d.*assertion's ${member}|assertion's ${member} \\(AADSTS70021`),
    cure: trustToken,
    signIn: { where: 'page' as const, says },
  })),
  {
    name: 'the endpoint of the managed identity does not answer',
    plant: ({ env }) => {
      env.ENTRANCE_CREDENTIAL = 'managed-identity'
      env.IDENTITY_ENDPOINT = 'http://127.0.0.1:9/msi/token'
      env.IDENTITY_HEADER = 'made-up'
    },
    finding: 'entra.credential.unavailable',
    says: /managed identity endpoint/,
    cure: dotEnv.useSecret,
    signIn: {
      where: 'page',
      says: /managed identity endpoint is not answering.*Check that this machine has a managed identity/,
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

/** The token of a cluster's workload, beside a federated credential that does not quite fit. */
async function useWorkload(
  { env, app, folder, cleanup }: World,
  trusted: Partial<FederatedCredential>,
): Promise<void> {
  const issuer = await startIssuer(app)
  cleanup.push(() => issuer[Symbol.asyncDispose]())
  Object.assign(app.federatedIdentityCredentials[0] as FederatedCredential, trusted)
  const path = join(folder, 'token')
  writeFileSync(path, await issuer.sign())
  env.ENTRANCE_CREDENTIAL = `workload-identity:${path}`
}

/** Certificates & secrets, Federated credentials: enters what the token has. */
function trustToken({ app, folder }: World, { portal: steps }: Finding): void {
  assert.match(steps?.join(' ') ?? '', /Federated credentials, enter issuer, subject and audience/)
  const { iss = '', sub = '', aud } = decodeJwt(readFileSync(join(folder, 'token'), 'utf8'))
  const [credential] = app.federatedIdentityCredentials as [FederatedCredential]
  Object.assign(credential, { issuer: iss, subject: sub, audiences: [aud] })
}
