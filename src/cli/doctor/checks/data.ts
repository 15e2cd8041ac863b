import { randomUUID } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { isKeyFileOpen, keyFilePath } from '../../key-file.ts'
import { openStore } from '../../store-settings.ts'
import type { Check, Facts, Outcome } from '../check.ts'
import { error, type Finding, ok, skipped, warning } from '../finding.ts'

const keyFile: Check = {
  id: 'data.key-file',
  title: 'Who can read the file of master keys',
  faults: new Map([['open', 'Others on this machine can read the master keys.']]),
  run: ({ settings }) => {
    const path = keyFilePath(settings.data)
    if (!existsSync(path)) return one(ok(keyFile.id, `There is no ${path} that others could read.`))
    if (!isKeyFileOpen(settings.data)) {
      return one(ok(keyFile.id, `Nobody but its owner can read ${path}.`))
    }
    return one(
      warning(keyFile.id, 'open', `Others on this machine can read ${path}.`, {
        expected: 'mode 600',
        found: `mode ${(statSync(path).mode & 0o777).toString(8)}`,
        why: 'Whoever has a master key can forge every sign-in. The next start takes the right away.',
        portal: ['If others may have read it, make a new key as well: entrance keys rotate.'],
        command: `chmod 600 "${path}"`,
        canFix: true,
      }),
    )
  },
}

const store: Check = {
  id: 'data.store',
  title: 'Whether the store takes a record and gives it back',
  faults: new Map([
    ['broken', 'The store does not do what it is asked.'],
    ['lossy', 'The store does not give back what it took.'],
  ]),
  needs: ['config.server'],
  run: tryStore,
}

async function tryStore({ settings }: Facts): Promise<Outcome> {
  const where = settings.store.kind === 'sqlite' ? settings.store.path : settings.store.kind
  // It is made by the server: a doctor leaves nothing behind.
  if (settings.store.kind === 'sqlite' && !existsSync(where)) {
    return one(skipped(store.id, `${where} is made at the first start.`))
  }
  const details = {
    why: 'Nobody can sign in, or stay signed in, without it.',
    portal: ['Look whether the disk is full, and let this user write the file and its folder.'],
    command: `df -h "${where}" && ls -l "${where}"`,
    docs: 'storage.md',
  }
  try {
    const opened = await openStore(settings.store)
    try {
      await opened.connect()
      const key = `doctor:${randomUUID()}`
      const expiresAt = Math.floor(Date.now() / 1000) + 60
      await opened.create({ key, value: 'here', expiresAt })
      const found = await opened.get(key)
      // What two requests want to change at once only one may.
      const changed = { key, value: 'there', expiresAt }
      const first = await opened.replace(changed, found?.version ?? 0)
      const second = await opened.replace(changed, found?.version ?? 0)
      await opened.delete(key)
      if (found?.value === 'here' && first && !second)
        return one(ok(store.id, `${where} takes and gives.`))
    } finally {
      await opened.close()
    }
    return one(error(store.id, 'lossy', `${where} loses what it took.`, details))
  } catch (cause) {
    const what = `${where} cannot be used: ${(cause as Error).message}.`
    return one(error(store.id, 'broken', what, details))
  }
}

/** What this machine keeps. */
export const keyFileCheck: Check = keyFile
export const storeCheck: Check = store

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}
