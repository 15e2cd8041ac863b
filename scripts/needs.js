// What the tests need beyond npm: where it is found, and how it is installed.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { say } from './setup.js'

/**
 * @typedef {object} Need
 * @property {string} name
 * @property {string} variable - Environment variable that says where it is, for the tests too.
 * @property {string[]} commands - Names to look for on PATH.
 * @property {string[]} places - Where it usually is besides.
 * @property {string[]} debian - Debian's packages that bring it.
 * @property {Partial<Record<NodeJS.Platform, string>>} install - The command that brings it elsewhere.
 */

const { env, platform } = process
const windowsFolders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
  .filter((folder) => folder !== undefined)
  .flatMap((folder) => [
    join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
    join(folder, 'Chromium', 'Application', 'chrome.exe'),
    join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
  ])
const macApplications = ['Chromium', 'Google Chrome', 'Microsoft Edge'].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
)

/** @type {Need} */
export const chromium = {
  name: 'Chromium',
  variable: 'ENTRANCE_TEST_CHROMIUM',
  commands: [
    'chromium',
    'google-chrome-stable',
    'google-chrome',
    'chromium-browser',
    'microsoft-edge',
  ],
  places: [...windowsFolders, ...macApplications, '/opt/google/chrome/chrome'],
  debian: ['chromium', 'fonts-liberation'],
  install: {
    linux: 'sudo apt-get install chromium',
    darwin: 'brew install --cask chromium',
    win32: 'winget install Google.Chrome',
  },
}

/** @type {Need} */
export const nginx = {
  name: 'nginx',
  variable: 'ENTRANCE_TEST_NGINX',
  commands: ['nginx'],
  // Debian keeps it where only root looks.
  places: ['/usr/sbin/nginx', '/usr/local/sbin/nginx'],
  debian: ['nginx-light'],
  install: { linux: 'sudo apt-get install nginx-light', darwin: 'brew install nginx' },
}

/** @type {Need} */
export const postgres = {
  name: 'PostgreSQL',
  variable: 'ENTRANCE_TEST_POSTGRES',
  commands: ['postgres'],
  // Debian keeps each release's programs in a folder of their own.
  places: [18, 17, 16, 15, 14].map((version) => `/usr/lib/postgresql/${version}/bin/postgres`),
  debian: ['postgresql'],
  install: { linux: 'sudo apt-get install postgresql', darwin: 'brew install postgresql' },
}

/** @type {Need} */
export const redis = {
  name: 'Redis',
  variable: 'ENTRANCE_TEST_REDIS',
  commands: ['redis-server', 'valkey-server'],
  places: ['/usr/bin/redis-server', '/usr/local/bin/redis-server'],
  debian: ['redis-server'],
  install: { linux: 'sudo apt-get install redis-server', darwin: 'brew install redis' },
}

/** Every one of them. @type {readonly Need[]} */
export const needs = [chromium, nginx, postgres, redis]

/**
 * The program's path; undefined when it is not on this machine.
 * @param {Need} need
 */
export function find(need) {
  const onPath = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const suffix = platform === 'win32' ? '.exe' : ''
  const named = onPath.flatMap((folder) => need.commands.map((name) => join(folder, name + suffix)))
  return [env[need.variable] ?? '', ...named, ...need.places].find(isProgram)
}

/**
 * Brings what is missing where that needs no question: as root on Debian. Else says what to do.
 * Gives the variables that tell the tests where everything is.
 */
export function ensureNeeds() {
  const missing = needs.filter((need) => !find(need))
  if (missing.length > 0 && isRootOnDebian()) installFromDebian(missing)
  /** @type {Record<string, string>} */
  const found = {}
  for (const need of needs) {
    const path = find(need)
    if (path) found[need.variable] = path
    else say(`${need.name} is missing; tests that need it are skipped. ${howToInstall(need)}`)
  }
  return found
}

/** @param {Need} need */
export function howToInstall(need) {
  const command = need.install[platform]
  const install = command ? `Install it with '${command}'` : 'Install it'
  return `${install}, or set ${need.variable} to its path.`
}

/** @param {readonly Need[]} missing */
function installFromDebian(missing) {
  const packages = missing.flatMap((need) => need.debian)
  say(`installing ${packages.join(', ')} …`)
  aptGet(['update', '-qq'])
  aptGet(['install', '-y', '-qq', '--no-install-recommends', ...packages])
}

/** A failure shows in what is still missing afterwards. @param {string[]} args */
function aptGet(args) {
  spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 2],
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}

function isRootOnDebian() {
  if (platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    return /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
