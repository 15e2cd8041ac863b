import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { find, howToInstall, nginx } from '../../scripts/needs.js'

const command = find(nginx)

/** The `skip` option of a test that needs nginx: false where there is one, else what to do. */
export const withoutNginx: string | false = command
  ? false
  : `nginx is not on this machine. ${howToInstall(nginx)}`

/** A request as nginx wrote it down. */
export type PassedRequest = {
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly status: number
  /** The ports of the replicas that were asked, the one that answered last. */
  readonly ports: readonly number[]
}

/** nginx, running. */
export type RunningNginx = AsyncDisposable & {
  readonly port: number
  /** Everything that it has passed on, in the order of the answers. */
  requests(): readonly PassedRequest[]
}

/** The configuration that docs/deploy.md recommends. */
export const NGINX_CONF = join(import.meta.dirname, '..', '..', 'examples', 'deploy', 'nginx.conf')

const START_TIMEOUT = 10_000

/** Starts nginx on `port` of loopback, with that configuration, in front of the ports of replicas. */
export async function startNginx(port: number, replicas: readonly number[]): Promise<RunningNginx> {
  if (!command) throw new Error(String(withoutNginx))
  const folder = mkdtempSync(join(tmpdir(), 'entrance-nginx-'))
  mkdirSync(join(folder, 'temp'))
  writeFileSync(
    join(folder, 'entrance.conf'),
    fit(readFileSync(NGINX_CONF, 'utf8'), {
      folder,
      port,
      replicas,
    }),
  )
  writeFileSync(join(folder, 'nginx.conf'), frameOf(folder))
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr']
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const exit = once(child, 'close')
  const stop = async () => {
    child.kill('SIGTERM')
    await exit
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await listening(child, port)
  } catch (error) {
    await stop()
    throw error
  }
  const log = join(folder, 'access.log')
  const requests = () => (existsSync(log) ? parse(readFileSync(log, 'utf8')) : [])
  return { port, requests, [Symbol.asyncDispose]: stop }
}

/** What of the configuration is another machine's. */
function fit(
  text: string,
  { folder, port, replicas }: { folder: string; port: number; replicas: readonly number[] },
): string {
  const places: readonly (readonly [string, string])[] = [
    ['listen 80;', `listen 127.0.0.1:${port};`],
    ['/var/log/nginx/', `${folder}/`],
    ...replicas.map((own, i) => [`replica-${i + 1}:8000`, `127.0.0.1:${own}`] as const),
  ]
  return places.reduce((fitted, [there, here]) => {
    if (!fitted.includes(there)) throw new Error(`${NGINX_CONF} has no '${there}'.`)
    return fitted.replaceAll(there, here)
  }, text)
}

/** What distributions have around the files of conf.d. */
function frameOf(folder: string): string {
  const temp = (name: string) => `${name}_temp_path ${folder}/temp/${name};`
  return `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 2;
    pid ${folder}/nginx.pid;
    error_log stderr warn;
    events { worker_connections 1024; }
    http {
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(temp).join('\n      ')}
      include ${folder}/entrance.conf;
    }`
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  let written = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written += text
  })
  for (const deadline = Date.now() + START_TIMEOUT; Date.now() < deadline; await wait(20)) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}: ${written}`)
    if (await isListening(port)) return
  }
  throw new Error(`nginx does not listen on ${port}: ${written}`)
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function parse(log: string): PassedRequest[] {
  const lines = log.matchAll(/"(\S+) (.*)" (\d+) [\d.]+ \[(.*?)\] \[.*?\]$/gm)
  return [...lines].map(([, method = '', path = '', status, addresses = '']) => ({
    method,
    path,
    status: Number(status),
    ports: [...addresses.matchAll(/:(\d+)/g)].map(([, port]) => Number(port)),
  }))
}
