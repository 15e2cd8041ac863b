import { existsSync, statSync } from 'node:fs'
import { isKeyFileOpen, keyFilePath } from '../../key-file.ts'
import type { Check, Outcome } from '../check.ts'
import { type Finding, ok, warning } from '../finding.ts'

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

/** The keys that this machine keeps. */
export const keyFileCheck: Check = keyFile

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}
