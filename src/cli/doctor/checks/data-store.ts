import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from '../../../core/errors.ts'
import { createKeyring } from '../../../core/keys/keyring.ts'
import { storeKeyIds } from '../../../core/store-keys.ts'
import type { Store, StoreFinding } from '../../../index.ts'
import type { ServeSettings } from '../../env.ts'
import { parseKeyFile } from '../../key-file.ts'
import { toMasterKeys } from '../../key-source.ts'
import { findReplicaDoubts } from '../../replicas.ts'
import { openStoreToLook } from '../../store-settings.ts'
import { describeFinding } from '../../store-warnings.ts'
import type { Check, Facts, Outcome } from '../check.ts'
import { error, type Finding, ok, skipped, warning } from '../finding.ts'

const DOCS = 'storage.md'
const WHY = 'Nobody can sign in, or stay signed in, without it.'

/** How long the store may take to answer, in milliseconds. */
const PATIENCE = 10_000

const store: Check = {
  id: 'data.store',
  title: 'Whether the store answers, is set up to keep what it confirms, and is under these keys',
  faults: new Map([
    ['broken', 'The store does not answer, or cannot be used.'],
    [
      'settings',
      'The store is set up so that it would lose what it confirmed, or is of another release.',
    ],
    ['risky', 'The store can lose something where a machine fails.'],
    ['key', 'The store was last written under a key that is not here.'],
  ]),
  needs: ['config.server'],
  run: lookAtStore,
}

/** Everything is read, nothing written: the server makes the file, and the schema. */
async function lookAtStore({ settings }: Facts): Promise<Outcome> {
  const { kind } = settings.store
  const where = settings.store.kind === 'sqlite' ? settings.store.path : kind
  if (kind === 'sqlite' && !existsSync(where)) {
    return { findings: [skipped(store.id, `${where} is made at the first start.`)] }
  }
  let opened: Store | undefined
  try {
    if (kind === 'sqlite') requireWritable(where)
    opened = await openStoreToLook(settings.store)
    return { findings: await withDeadline(judge(opened, where, settings)) }
  } catch (cause) {
    return { findings: [broken(where, cause, kind === 'sqlite')] }
  } finally {
    await opened?.close()
  }
}

/** The server's user is to run doctor: only for that user this says something. */
function requireWritable(path: string): void {
  for (const place of [dirname(resolve(path)), path]) accessSync(place, constants.W_OK)
}

async function judge(opened: Store, where: string, settings: ServeSettings): Promise<Finding[]> {
  const found = await opened.check()
  if (found.some(isNotMadeYet)) {
    return [skipped(store.id, `The schema in ${where} is made at the first start.`)]
  }
  const judged = found.map((finding) => toFinding(finding, where))
  if (judged.some(({ status }) => status === 'error')) return judged
  const lacking = await findLackingKey(opened, settings)
  const findings = [...judged, ...(lacking ? [lacking] : [])]
  return findings.length > 0 ? findings : [ok(store.id, `${where} answers, and is set up well.`)]
}

/** A first start makes it, where the user has the right to. */
function isNotMadeYet({ problem }: StoreFinding): boolean {
  return / schema at version 0;/.test(problem)
}

function toFinding(finding: StoreFinding, where: string): Finding {
  const { severity, cure } = finding
  const what = describeFinding(finding, where)
  const details = { portal: [cure], docs: DOCS }
  if (severity === 'warning') return warning(store.id, 'risky', what, details)
  return error(store.id, 'settings', what, {
    ...details,
    why: 'The server does not start like this.',
  })
}

/** Of a vault the keys are not asked for: the start says whether they fit. */
async function findLackingKey(
  opened: Store,
  { secrets, keyVault, data }: ServeSettings,
): Promise<Finding | undefined> {
  if (keyVault) return undefined
  const keys =
    secrets.length > 0
      ? secrets.map((secret) => ({ secret }))
      : toMasterKeys(parseKeyFile(data) ?? [])
  const [latest] = await storeKeyIds(opened)
  const here = keys.length > 0 ? createKeyring(keys).keys.map(({ id }) => id) : []
  if (latest === undefined || here.includes(latest)) return undefined
  return error(store.id, 'key', 'The store was written under a key that is not here.', {
    expected: latest,
    found: here.join(', ') || 'no key',
    why: 'The server does not start like this: nobody who is signed in could be recognised.',
    portal: [
      `Give the key ${latest} again, in ENTRANCE_SECRET behind the current one, or restore keys.json from a backup.`,
    ],
    docs: 'configuration.md',
  })
}

function broken(where: string, cause: unknown, isFile: boolean): Finding {
  const [problem] = cause instanceof ConfigError ? cause.problems : []
  const said = problem?.problem ?? withoutCredentials((cause as Error).message)
  const what = said.includes(where) ? said : `The store ${where}: ${said}`
  const unknown = isFile
    ? 'Let this user write the file and its folder.'
    : 'Look whether it runs and can be reached from here.'
  return error(store.id, 'broken', what, {
    why: WHY,
    portal: [problem?.cure ?? unknown],
    ...(isFile && { command: `df -h "${where}" && ls -l "${where}"` }),
    docs: DOCS,
  })
}

/** Drivers quote the address that they were given, with the password in it. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^@/\s]*@/g, '//***@')
}

function withDeadline<T>(work: Promise<T>): Promise<T> {
  const { promise, resolve: done, reject } = Promise.withResolvers<T>()
  const late = () => reject(new Error(`No answer within ${PATIENCE / 1000} seconds.`))
  const timer = setTimeout(late, PATIENCE)
  work.then(done, reject).finally(() => clearTimeout(timer))
  return promise
}

const replicas: Check = {
  id: 'data.replicas',
  title: 'Whether several replicas would have in common what they must',
  faults: new Map([
    ['local', 'Files of one machine, where several may be or the disk may be another’s.'],
  ]),
  needs: ['config.server'],
  run: ({ settings, isPublic }) => {
    if (isPublic) {
      return {
        findings: [skipped(replicas.id, 'Whether it has several cannot be seen from outside.')],
      }
    }
    const doubts = findReplicaDoubts(settings).map((doubt) =>
      warning(replicas.id, 'local', doubt, {
        why: 'People would be asked to sign in again and again, or lose what was confirmed.',
        portal: [
          'Set ENTRANCE_STORE to a shared store, or ENTRANCE_REPLICAS=1 where there is one.',
        ],
        docs: 'deploy.md',
      }),
    )
    const { replicas: count } = settings
    const said =
      count === undefined ? 'Nothing speaks for several.' : `ENTRANCE_REPLICAS is ${count}.`
    return { findings: doubts.length > 0 ? doubts : [ok(replicas.id, said)] }
  },
}

/** Where sign-ins are, and for whom. */
export const storeChecks: readonly Check[] = [store, replicas]
