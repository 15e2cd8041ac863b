import type { SeenRequest } from '../../../../src/emulator/emulator.ts'
import { type Attack, fell, holds, withstood } from '../attack.ts'
import { authorization, redeem, refresh as refreshWith, says, tokensOf } from '../client.ts'
import { allow, describe, getCode, open, openConsent, placeOf, signIn } from '../flow.ts'
import type { Target } from '../target.ts'

const FOREIGN = 'https://other.example/mcp'
const GRAPH = 'https://graph.microsoft.com/Mail.ReadWrite'

/** What a client asks for: another server's tokens, Microsoft's data, another way to sign in. */
export const resource: readonly Attack[] = [
  {
    name: "another server's resource is refused at the authorization endpoint",
    rows: ['fastmcp W7', 'ts-peers 23', 'CVE-2025-69196', 'user-asks §5.1'],
    severity: 'high',
    run: async (target) => {
      const { url } = authorization(target, { resource: FOREIGN })
      const page = await open(target, target.browser(), url)
      const place = placeOf(target, page)
      const evidence = `resource=${FOREIGN} led to ${describe(target, page)}`
      return holds(place === 'page' || place === 'outside', evidence)
    },
  },
  {
    name: "another server's resource is refused at the token endpoint",
    rows: ['fastmcp W7', 'ts-peers 23', 'CVE-2025-69196'],
    severity: 'high',
    run: async (target) => {
      const { authorization: request, code } = await getCode(target)
      const first = await redeem(target, request, code, { resource: FOREIGN })
      const { tokens, client } = await signIn(target)
      const second = await refreshWith(target, client, tokens.refresh_token, { resource: FOREIGN })
      const evidence = `with the code: ${says(first)}, with the refresh token: ${says(second)}`
      return holds(!tokensOf(first) && !tokensOf(second), evidence)
    },
  },
  {
    name: 'the resource may be spelt with a slash, another case of the host, or as VS Code mangles it',
    rows: ['user-asks §5.1', 'C3.6'],
    severity: 'low',
    run: async (target) => {
      const { resource: own } = target.site
      const spelt = [
        `${own.replace(/\/$/, '')}/`,
        own.replace('localhost', 'LOCALHOST'),
        own.replace('://', ':/'),
      ]
      const refused: string[] = []
      for (const spelling of spelt) {
        const { url } = authorization(target, { resource: spelling })
        const page = await open(target, target.browser(), url)
        if (placeOf(target, page) !== 'consent') refused.push(spelling)
      }
      return holds(refused.length === 0, refused.join(', ') || `${spelt.length} spellings taken`)
    },
  },
  {
    name: 'no resource reaches Entra, which would refuse it',
    rows: ['user-asks T1', 'user-asks §5.1'],
    severity: 'medium',
    run: async (target) => {
      const mark = target.entra.emulator.seen.at(-1)
      const { tokens, client } = await signIn(target)
      await refreshWith(target, client, tokens.refresh_token)
      const seen = since(target, mark)
      const with_ = seen.filter(({ params }) => params.has('resource')).length
      return holds(with_ === 0, `${with_} of ${seen.length} requests to Entra had one`)
    },
  },
  {
    name: "Microsoft's scopes that a client asks for do not reach Entra",
    rows: ['ts-peers 7'],
    severity: 'high',
    run: async (target) => {
      const scope = `${target.site.scope ?? ''} Mail.ReadWrite ${GRAPH}`.trim()
      const { url } = authorization(target, { scope })
      const browser = target.browser()
      const page = await open(target, browser, url)
      if (placeOf(target, page) !== 'consent')
        return withstood(`refused: ${describe(target, page)}`)
      const entraUrl = (await allow(target, browser, page)).url
      const asked = entraUrl.searchParams.get('scope') ?? ''
      return holds(!asked.includes('Mail.'), `Entra was asked for: ${asked}`)
    },
  },
  {
    name: "Microsoft's scopes that a client adds at a refresh do not reach Entra",
    rows: ['ts-peers 7'],
    severity: 'high',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      const mark = target.entra.emulator.seen.at(-1)
      const answer = await refreshWith(target, client, tokens.refresh_token, { scope: GRAPH })
      const seen = since(target, mark)
      const asked = seen.some(({ params }) => params.get('scope')?.includes('Mail.'))
      if (asked) return fell(`Entra was asked for it: ${says(answer)}`)
      const granted = String(answer.body.scope ?? '').includes('Mail.')
      return holds(!granted, `${says(answer)}, and Entra heard nothing of it`)
    },
  },
  {
    name: 'what a client says about the sign-in page does not reach Entra',
    rows: ['C3.5', 'user-asks T9'],
    severity: 'medium',
    run: async (target) => {
      const given = {
        prompt: 'none',
        domain_hint: 'evil.example',
        claims: '{"id_token":{}}',
        response_mode: undefined,
        redirect_to: 'https://evil.example',
      }
      const entraUrl = await askEntra(target, given)
      if (!entraUrl) return withstood('the request was refused')
      const names = ['domain_hint', 'claims', 'redirect_to']
      const passed = names.filter((name) => entraUrl.searchParams.has(name))
      if (entraUrl.searchParams.get('prompt') === 'none') passed.push('prompt')
      return holds(passed.length === 0, passed.join(', ') || 'none of four parameters arrived')
    },
  },
  {
    name: 'Entra is asked to let the person choose the account',
    rows: ['fastmcp W10'],
    severity: 'low',
    run: async (target) => {
      const prompt = (await askEntra(target, {}))?.searchParams.get('prompt')
      return holds(prompt === 'select_account', `prompt ${prompt ?? 'not sent'}`)
    },
  },
  {
    name: 'the way to Entra has a state of its own, and PKCE or a nonce',
    rows: ['PX-6', 'RFC 9700 §2.1.1'],
    severity: 'medium',
    run: async (target) => {
      const request = authorization(target)
      const theirs = request.url.searchParams.get('code_challenge')
      const entraUrl = await askEntra(target, {})
      if (!entraUrl) throw new Error('the request was refused')
      const { searchParams } = entraUrl
      const challenge = searchParams.get('code_challenge')
      const isProven = searchParams.has('nonce') || (challenge !== null && challenge !== theirs)
      const isLong = (searchParams.get('state') ?? '').length >= 22
      const names = ['state', 'nonce', 'code_challenge'].filter((name) => searchParams.has(name))
      return holds(isLong && isProven, `Entra gets ${names.join(', ')}`)
    },
  },
]

/** Entra's authorization request that a client's request leads to; undefined where it is refused. */
async function askEntra(
  target: Target,
  overrides: Parameters<typeof authorization>[1],
): Promise<URL | undefined> {
  const browser = target.browser()
  const page = await open(target, browser, authorization(target, overrides).url)
  if (placeOf(target, page) !== 'consent') return undefined
  return (
    await allow(
      target,
      browser,
      await openConsent(target, browser, authorization(target, overrides)),
    )
  ).url
}

/** What reached Entra after a request; it remembers only the latest few hundred. */
function since({ entra }: Target, mark: SeenRequest | undefined): readonly SeenRequest[] {
  const { seen } = entra.emulator
  return mark ? seen.slice(seen.lastIndexOf(mark) + 1) : seen
}
