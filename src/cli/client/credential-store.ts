import { createHash, randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../env.ts'
import { CommandError } from '../exit-codes.ts'
import { type Credentials, credentialsFile } from './credentials.ts'
import { withLock } from './lock.ts'

type Servers = ReadonlyMap<string, Credentials>

/** Registrations and tokens, by MCP server URL; several processes may use it at once. */
export type CredentialStore = {
  readonly path: string
  list(): Promise<Servers>
  find(url: string): Promise<Credentials | undefined>
  /** Puts what `change` makes of the present entry in its place; undefined removes it. */
  update(
    url: string,
    change: (present: Credentials | undefined) => Credentials | undefined,
  ): Promise<void>
  /** Runs `work` while no other process does the same for this server, e.g. renews its tokens. */
  exclusively<T>(url: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** The person's credentials on this machine: one file, readable by them only. */
export function openCredentialStore(env: Environment): CredentialStore {
  const folder = credentialFolder(env)
  const path = join(folder, 'client.json')
  return {
    path,
    list: () => readServers(path),
    find: async (url) => (await readServers(path)).get(url),
    update: async (url, change) => {
      await makeFolder(folder)
      await withLock(`${path}.lock`, { staleTtl: 10 }, async () => {
        const servers = new Map(await readServers(path))
        const next = change(servers.get(url))
        if (next) servers.set(url, next)
        else if (!servers.delete(url)) return
        await writeServers(path, servers)
      })
    },
    exclusively: async (url, signal, work) => {
      await makeFolder(folder)
      const name = createHash('sha256').update(url).digest('hex').slice(0, 16)
      // Longer than the requests made under it may take together.
      return withLock(join(folder, `server-${name}.lock`), { staleTtl: 120, signal }, work)
    },
  }
}

/** `ENTRANCE_CLIENT_DATA`, or the system's place for a program's own files. */
export function credentialFolder(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env.ENTRANCE_CLIENT_DATA) return env.ENTRANCE_CLIENT_DATA
  const home = homedir()
  if (platform === 'win32') {
    return join(env.APPDATA || join(home, 'AppData', 'Roaming'), 'entrance')
  }
  // XDG: a relative path there is to be ignored.
  const config = env.XDG_CONFIG_HOME?.startsWith('/') ? env.XDG_CONFIG_HOME : join(home, '.config')
  return join(config, 'entrance')
}

async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 })
  // The process's umask may have taken from the mode, not added to it; parents keep the default.
  if (made) await chmod(folder, 0o700)
}

async function readServers(path: string): Promise<Servers> {
  let content: string
  try {
    content = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
  const parsed = credentialsFile.safeParse(parseJson(content))
  if (parsed.success) return new Map(Object.entries(parsed.data.servers))
  throw new CommandError(`${path} is not a file of credentials that this version can read.`, {
    cure: 'Move it away, then sign in again.',
  })
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}

/** A reader sees the old content or the new, never a part; a crash leaves the old. */
async function writeServers(path: string, servers: Servers): Promise<void> {
  const content = { version: 1, servers: Object.fromEntries(servers) }
  const draft = `${path}.${randomUUID()}.tmp`
  try {
    await writeDurably(draft, `${JSON.stringify(content, null, 2)}\n`)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}
