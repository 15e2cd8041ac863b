import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

/** The part of the Azure CLI that is used: what is written for it is really sent. */
const [tokenFile = '', ...words] = process.argv.slice(2)
const token = readFileSync(tokenFile, 'utf8')

const [group, ...rest] = words
if (group === 'account' && rest[0] === 'get-access-token') account()
else if (group === 'rest') await send(rest)
else fail(`'${words.join(' ')}' is misspelled or not recognized by the system.`)

function account(): void {
  if (token === '') fail("Please run 'az login' to setup account.")
  console.log(JSON.stringify({ accessToken: token, tokenType: 'Bearer' }))
}

async function send(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args: joinHeaders(args),
    options: {
      method: { type: 'string' },
      url: { type: 'string' },
      body: { type: 'string' },
      headers: { type: 'string', multiple: true },
      resource: { type: 'string' },
      query: { type: 'string' },
      output: { type: 'string' },
    },
  })
  const headers = (values.headers ?? []).map((one) => {
    const [name = '', ...value] = one.split('=')
    return [name, value.join('=')] as const
  })
  const response = await fetch(values.url ?? '', {
    method: values.method ?? 'GET',
    headers: [
      ['authorization', `Bearer ${token}`],
      ...headers.map((one) => [...one] as [string, string]),
    ],
    ...(values.body !== undefined && { body: values.body }),
  })
  const text = await response.text()
  if (!response.ok) fail(`${response.status}: ${text}`)
  if (text === '' || values.output === 'none') return
  const answer = JSON.parse(text)
  if (values.query === undefined) console.log(JSON.stringify(answer, null, 2))
  else console.log(String(answer[values.query] ?? ''))
}

/** `--headers` takes several words behind it. */
function joinHeaders(args: string[]): string[] {
  const start = args.indexOf('--headers')
  if (start < 0) return args
  const length = args.slice(start + 1).findIndex((word) => word.startsWith('--'))
  const end = length < 0 ? args.length : start + 1 + length
  const named = args.slice(start + 1, end).flatMap((word) => ['--headers', word])
  return [...args.slice(0, start), ...named, ...args.slice(end)]
}

function fail(text: string): never {
  console.error(`ERROR: ${text}`)
  process.exit(1)
}
