import { resolveStore } from '../../src/cli/store-settings.ts'
import { openNamed, toValue } from './crash.ts'

// The process that test/stores/crash.ts kills while it writes.
const [address = '', round = '', key] = process.argv.slice(2)

/** Writes that are under way at one time. */
const AT_ONCE = 8

const store = await openNamed(resolveStore(address, '.', [], key))
process.send?.('opened')
process.once('message', () => {
  for (let i = 0; i < AT_ONCE; i++) void write(i)
})

/** Makes records and revocations for ever, and says of each write that it is confirmed. */
async function write(writer: number): Promise<void> {
  const expiresAt = Math.floor(Date.now() / 1000) + 3600
  for (let i = 0; ; i++) {
    const key = `grant:${round}-${writer}-${i}`
    for (const version of [1, 2, 3]) {
      const record = { key, value: toValue(key, version), expiresAt, person: 'tid/oid' }
      await (version === 1 ? store.create(record) : store.replace(record, version - 1))
      process.send?.({ key, version })
    }
    await store.revoke({ kind: 'grant', id: key, issuedUntil: expiresAt, expiresAt })
    process.send?.({ key, revoked: true })
  }
}
