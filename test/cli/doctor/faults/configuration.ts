import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault } from '../fault.ts'
import { dotEnv } from '../portal.ts'

/** What is wrong before anybody is asked. */
export const configurationFaults: readonly Fault[] = [
  {
    name: 'nothing of Entra is set',
    plant: ({ env }) => {
      for (const name of Object.keys(env)) if (/^(ENTRA_|AZURE_)/.test(name)) delete env[name]
    },
    finding: 'config.entra.none',
    says: /of its three variables none is set/,
    cure: (world, finding) => {
      if (!finding.portal?.join(' ').includes('Set them')) throw new Error('no cure')
      Object.assign(world.env, world.registered)
    },
    signIn: { where: 'start', says: /of the three Entra variables none is set\. Set them/ },
  },
  {
    name: 'the client id is missing',
    plant: ({ env }) => void delete env.ENTRA_PROXY_AZURE_CLIENT_ID,
    finding: 'config.entra.missing',
    says: /ENTRA_PROXY_AZURE_CLIENT_ID is missing/,
    cure: dotEnv.copyIds,
    signIn: {
      where: 'start',
      says: /ENTRA_PROXY_AZURE_CLIENT_ID: is missing\. Copy Application \(client\) ID/,
    },
  },
  {
    name: 'the tenant is missing',
    plant: ({ env }) => void delete env.AZURE_TENANT_ID,
    finding: 'config.entra.missing',
    says: /AZURE_TENANT_ID is missing/,
    cure: dotEnv.copyIds,
    signIn: { where: 'start', says: /AZURE_TENANT_ID: is missing\. Copy Directory \(tenant\) ID/ },
  },
  {
    name: 'the client secret is missing',
    plant: ({ env }) => void delete env.ENTRA_PROXY_AZURE_CLIENT_SECRET,
    finding: 'config.entra.missing',
    says: /ENTRA_PROXY_AZURE_CLIENT_SECRET is missing/,
    cure: dotEnv.copySecret,
    signIn: { where: 'start', says: /CLIENT_SECRET: is missing\. Create a client secret/ },
  },
  {
    name: 'the client id has quotation marks around it',
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_ID = `"${env.ENTRA_PROXY_AZURE_CLIENT_ID}"`
    },
    finding: 'config.entra.quoted',
    says: /ENTRA_PROXY_AZURE_CLIENT_ID has quotation marks/,
    cure: dotEnv.unquote('ENTRA_PROXY_AZURE_CLIENT_ID'),
    signIn: { where: 'start', says: /CLIENT_ID: has quotation marks around it\. Remove them/ },
  },
  {
    name: 'the tenant has quotation marks around it',
    plant: ({ env }) => {
      env.AZURE_TENANT_ID = `'${env.AZURE_TENANT_ID}'`
    },
    finding: 'config.entra.quoted',
    says: /AZURE_TENANT_ID has quotation marks/,
    cure: dotEnv.unquote('AZURE_TENANT_ID'),
    signIn: {
      where: 'start',
      says: /AZURE_TENANT_ID: has quotation marks around it\. Remove them/,
    },
  },
  {
    name: 'the client secret has spaces around it',
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_SECRET = ` ${env.ENTRA_PROXY_AZURE_CLIENT_SECRET} `
    },
    finding: 'config.entra.quoted',
    says: /ENTRA_PROXY_AZURE_CLIENT_SECRET has spaces/,
    cure: dotEnv.unquote('ENTRA_PROXY_AZURE_CLIENT_SECRET'),
    signIn: {
      where: 'start',
      says: /CLIENT_SECRET: has spaces or quotation marks around it\. Remove them/,
    },
  },
  {
    name: "the secret's ID was pasted in place of its Value",
    plant: ({ env, app }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_SECRET = app.passwordCredentials[0]?.keyId ?? ''
    },
    finding: 'config.entra.wrong',
    says: /that is the secret's ID, not its value/,
    cure: dotEnv.copySecret,
    signIn: {
      where: 'start',
      says: /that is the secret's ID, not its value\. Create a client secret/,
    },
  },
  {
    name: "the application's name stands in place of the client id",
    plant: ({ env, app }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_ID = app.displayName
    },
    finding: 'config.entra.wrong',
    says: /ENTRA_PROXY_AZURE_CLIENT_ID 'entrance' is not a GUID/,
    cure: dotEnv.copyIds,
    signIn: { where: 'start', says: /'entrance' is not a GUID\. Copy Application \(client\) ID/ },
  },
  {
    name: "the tenant's name stands in place of its id",
    plant: ({ env }) => {
      env.AZURE_TENANT_ID = 'Contoso Ltd'
    },
    finding: 'config.entra.wrong',
    says: /AZURE_TENANT_ID/,
    cure: dotEnv.copyIds,
    signIn: {
      where: 'start',
      says: /is neither a GUID nor a domain name\. Copy Directory \(tenant\) ID/,
    },
  },
  {
    name: 'the login host is not an address',
    plant: ({ env }) => {
      env.ENTRANCE_AUTHORITY = 'login.microsoftonline.com'
    },
    finding: 'config.entra.wrong',
    says: /ENTRANCE_AUTHORITY/,
    cure: ({ env, emulator }) => {
      env.ENTRANCE_AUTHORITY = emulator.origin
    },
    signIn: { where: 'start', says: /is not a login host's origin\. Use public, usgov, china/ },
  },
  {
    name: 'the public address is plain http',
    plant: ({ env }) => {
      env.ENTRANCE_URL = 'http://expenses.example.com'
    },
    finding: 'config.url.wrong',
    says: /must start with https:\/\//,
    cure: ({ env, url }) => {
      env.ENTRANCE_URL = url
    },
    signIn: {
      where: 'start',
      says: /must start with https:\/\/; plain http is for localhost only\. Give/,
    },
  },
  {
    name: "the public address is the MCP endpoint's",
    plant: ({ env, url }) => {
      env.ENTRANCE_URL = `${url}/mcp`
    },
    finding: 'config.url.wrong',
    says: /Leave out \/mcp at its end/,
    cure: ({ env }, { portal }) => {
      const [, tail = ''] = /Leave out (\S+) at its end/.exec(portal?.[0] ?? '') ?? []
      env.ENTRANCE_URL = (env.ENTRANCE_URL ?? '').slice(0, -tail.length)
    },
    signIn: { where: 'start', says: /is the address of an endpoint.* Leave out \/mcp/ },
  },
  {
    name: 'the public address has a query',
    plant: ({ env, url }) => {
      env.ENTRANCE_URL = `${url}?tenant=1`
    },
    finding: 'config.url.wrong',
    says: /no query, fragment or user name/,
    cure: ({ env }) => {
      env.ENTRANCE_URL = (env.ENTRANCE_URL ?? '').split('?')[0] as string
    },
    signIn: { where: 'start', says: /must have no query, fragment or user name\. Give/ },
  },
  {
    name: 'the public address is no address',
    plant: ({ env }) => {
      env.ENTRANCE_URL = 'expenses.example.com'
    },
    finding: 'config.url.wrong',
    says: /is not a URL/,
    cure: ({ env, url }) => {
      env.ENTRANCE_URL = url
    },
    signIn: { where: 'start', says: /'expenses\.example\.com' is not a URL\. Give/ },
  },
  {
    name: 'the port is not a number',
    plant: ({ env }) => {
      env.PORT = 'eight thousand'
    },
    finding: 'config.server.wrong',
    says: /PORT 'eight thousand' is not a port/,
    cure: dotEnv.leaveOut('PORT'),
    signIn: { where: 'start', says: /PORT: 'eight thousand' is not a port.* Leave it out/ },
  },
  {
    name: 'the master key is too short',
    plant: ({ env }) => {
      env.ENTRANCE_SECRET = 'hunter2'
    },
    finding: 'config.server.wrong',
    says: /ENTRANCE_SECRET/,
    cure: ({ env }, { portal }) => {
      // The command that it prints gives such a text.
      if (!portal?.join(' ').includes('openssl rand -base64 32')) throw new Error('no command')
      env.ENTRANCE_SECRET = Buffer.alloc(32, 'key').toString('base64')
    },
    signIn: {
      where: 'start',
      says: /ENTRANCE_SECRET: has 7 characters; 32 or more are expected\. Make one with/,
    },
  },
  {
    name: 'the store is of a kind that there is not',
    plant: ({ env }) => {
      env.ENTRANCE_STORE = 'mongodb://localhost/entrance'
    },
    finding: 'config.server.wrong',
    says: /mongodb: is not a store/,
    cure: dotEnv.leaveOut('ENTRANCE_STORE'),
    signIn: { where: 'start', says: /mongodb: is not a store of this version\. Write sqlite:/ },
  },
  {
    name: 'the file of clients is not JSON',
    plant: ({ env, folder }) => {
      env.ENTRANCE_CLIENTS = join(folder, 'clients.json')
      writeFileSync(env.ENTRANCE_CLIENTS, '[{')
    },
    finding: 'config.server.wrong',
    says: /clients\.json is not JSON/,
    cure: ({ env }) => writeFileSync(env.ENTRANCE_CLIENTS as string, '[]'),
    signIn: { where: 'start', says: /clients\.json is not JSON\. Write a JSON array/ },
  },
  {
    name: 'the data folder is a file',
    plant: ({ env }) => writeFileSync(env.ENTRANCE_DATA as string, ''),
    finding: 'config.server.wrong',
    says: /is not a folder/,
    cure: ({ env, folder }) => {
      env.ENTRANCE_DATA = join(folder, 'another')
    },
    signIn: { where: 'start', says: /is not a folder\. Give another folder/ },
  },
  {
    name: 'the key file is damaged',
    plant: ({ env }) => {
      delete env.ENTRANCE_SECRET
      mkdirSync(env.ENTRANCE_DATA as string)
      const path = join(env.ENTRANCE_DATA as string, 'keys.json')
      writeFileSync(path, '{"keys":')
      chmodSync(path, 0o600)
    },
    finding: 'config.server.wrong',
    says: /keys\.json is not a key file/,
    cure: ({ env }, { portal }) => {
      if (!portal?.join(' ').includes('backup')) throw new Error('no cure')
      const key = { secret: 'from-the-backup'.repeat(4), createdAt: new Date(0).toISOString() }
      const path = join(env.ENTRANCE_DATA as string, 'keys.json')
      writeFileSync(path, JSON.stringify({ keys: [key] }))
    },
    signIn: { where: 'start', says: /keys\.json: is not a key file.* Restore it from a backup/ },
  },
  {
    name: 'accounts of every organisation can sign in, and nothing says of which may',
    plant: ({ env, app }) => {
      env.AZURE_TENANT_ID = 'organizations'
      app.signInAudience = 'AzureADMultipleOrgs'
    },
    finding: 'config.entra.missing',
    says: /ENTRANCE_ALLOW_TENANTS is missing, while organizations/,
    cure: ({ env, emulator }, { portal }) => {
      if (!portal?.join(' ').includes('List the ids of the tenants')) throw new Error('no cure')
      env.ENTRANCE_ALLOW_TENANTS = emulator.tenantId
    },
    signIn: { where: 'start', says: /ENTRANCE_ALLOW_TENANTS: is missing.*List the ids/ },
  },
  {
    name: 'the credential is of a kind that there is not',
    plant: ({ env }) => {
      env.ENTRANCE_CREDENTIAL = 'password'
    },
    finding: 'config.entra.wrong',
    says: /'password' is no credential/,
    cure: dotEnv.useSecret,
    signIn: { where: 'start', says: /'password' is no credential\. Use secret, certificate:/ },
  },
  {
    name: "the certificate's file is not there",
    plant: ({ env, folder }) => {
      env.ENTRANCE_CREDENTIAL = `certificate:${join(folder, 'entra.pem')}`
    },
    finding: 'config.entra.wrong',
    says: /entra\.pem cannot be read: ENOENT/,
    cure: dotEnv.useSecret,
    signIn: { where: 'start', says: /entra\.pem cannot be read: ENOENT\. Name a PEM file/ },
  },
]
