import { z } from 'zod'

/** What the first line of a file says that it is. */
export const FORMAT = 'entrance-store'

/** Of the format: raised when a reader of before would misread a file. */
export const VERSION = 1

/** The longest line that is read, in bytes: a record is a quarter of it at most. */
export const LINE_MAX = 1024 * 1024

/** To the end of the year 9999, which every store can write down. */
const seconds = z.int().nonnegative().max(253_402_300_799)
const count = z.int().nonnegative()

/** All texts of a record are ASCII; some stores refuse NUL, and write half a character as another. */
const ascii = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[\x20-\x7e]*$/, 'expected printable ASCII')
const id = ascii(512)

/** The first line. How many there are was counted before: on a store in use it is about so many. */
const header = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  exportedAt: z.iso.datetime(),
  /** The kind of store that it comes from. */
  store: z.string().max(32),
  /** The ids of the master keys that records are sealed under; never a key. */
  keys: z.array(z.string().regex(/^[\w-]{8}$/)).max(1000),
  records: count,
  revocations: count,
})

/** The value stays sealed. Versions count the changes in one store, and begin anew in another. */
const record = z.strictObject({
  key: ascii(1024).min(1),
  value: ascii(LINE_MAX),
  expiresAt: seconds,
  person: id.optional(),
  client: id.optional(),
})

const revocation = z.strictObject({
  kind: z.enum(['grant', 'person', 'client', 'all']),
  id,
  issuedUntil: seconds,
  expiresAt: seconds,
})

/** The last line. The digest is of all the bytes before it. */
const end = z.strictObject({
  records: count,
  revocations: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

/** What a line is made of; all but the first have one of the others as their only member. */
export const SCHEMAS = { header, record, revocation, end } as const

export type FileHeader = z.infer<typeof header>
export type FileRecord = z.infer<typeof record>
export type FileRevocation = z.infer<typeof revocation>
export type FileEnd = z.infer<typeof end>
