import { type Attack, fell, holds, partly, withstood } from '../attack.ts'
import {
  type Answer,
  authorization,
  isLet,
  isRefusedSoon,
  type Parameters,
  redeem,
  refresh,
  register,
  registerClient,
  says,
  tokensOf,
} from '../client.ts'
import { describe, getCode, open, placeOf, signIn } from '../flow.ts'
import type { Target } from '../target.ts'

/** What an attacker does with a code: theirs, stolen, or asked for without proof. */
export const code: readonly Attack[] = [
  {
    name: 'a code redeemed 50 times at once gives one set of tokens',
    rows: ['fastmcp W1', 'gateways 6c'],
    severity: 'high',
    run: async (target) => {
      const { authorization: request, code: value } = await getCode(target)
      const once = () => redeem(target, request, value)
      const answers = await Promise.all(Array.from({ length: 50 }, once))
      const given = answers.filter(tokensOf).length
      if (given === 0) throw new Error(`no redemption succeeded: ${says(answers[0] as Answer)}`)
      const isFault = answers.some(({ status }) => status >= 500)
      return holds(given === 1 && !isFault, `${given} of 50 answers carried tokens`)
    },
  },
  {
    name: 'a code redeemed a second time gives nothing',
    rows: ['gateways 6c'],
    severity: 'high',
    run: async (target) => {
      const { authorization: request, code: value } = await signIn(target)
      const again = await redeem(target, request, value)
      return holds(!tokensOf(again), `the second redemption: ${says(again)}`)
    },
  },
  {
    name: 'a code redeemed a second time takes back what it gave',
    rows: ['fastmcp W4', 'ts-peers 20', 'RFC 6749 §4.1.2'],
    severity: 'medium',
    run: async (target) => {
      const { authorization: request, code: value, tokens, client } = await signIn(target)
      if (!(await isLet(target, tokens.access_token))) throw new Error('the token is no good')
      await redeem(target, request, value)
      const isGone = await isRefusedSoon(target, tokens.access_token)
      const after = await refresh(target, client, tokens.refresh_token)
      const evidence = `afterwards: access token ${isGone ? 'refused' : 'good'}, refresh ${says(after)}`
      if (isGone && !tokensOf(after)) return withstood(evidence)
      return isGone || !tokensOf(after) ? partly(evidence) : fell(evidence)
    },
  },
  {
    name: "a code is not another client's",
    rows: ['RFC 6749 §4.1.3'],
    severity: 'critical',
    run: async (target) => {
      const { authorization: request, code: value } = await getCode(target)
      const other = await registerClient(target, { client_name: 'Other' })
      const answer = await redeem(target, { ...request, client: other }, value)
      return holds(!tokensOf(answer), `redeemed by another client: ${says(answer)}`)
    },
  },
  {
    name: 'a code that another client has tried is still good for its own',
    rows: ['ts-peers 19'],
    severity: 'medium',
    run: async (target) => {
      const { authorization: request, code: value } = await getCode(target)
      const other = await registerClient(target, { client_name: 'Other' })
      const tried = await redeem(
        target,
        { ...request, client: other, code_verifier: 'x'.repeat(43) },
        value,
      )
      const own = await redeem(target, request, value)
      const evidence = `another client: ${says(tried)}, then its own: ${says(own)}`
      return holds(!tokensOf(tried) && tokensOf(own) !== undefined, evidence)
    },
  },
  {
    name: 'a code is given out for its own redirect URI only',
    rows: ['ts-peers 4', 'RFC 6749 §4.1.3'],
    severity: 'high',
    run: (target) => redeemBadly(target, { redirect_uri: 'http://127.0.0.1:49152/other' }),
  },
  {
    name: 'a code is not redeemed with a wrong verifier',
    rows: ['RFC 7636 §4.6'],
    severity: 'critical',
    run: (target) => redeemBadly(target, { code_verifier: 'x'.repeat(43) }),
  },
  {
    name: 'a code is not redeemed without its verifier',
    rows: ['gateways 6b'],
    severity: 'critical',
    run: (target) => redeemBadly(target, { code_verifier: undefined }),
  },
  {
    name: 'a code whose verifier was guessed at is used up',
    rows: ['fastmcp W17'],
    severity: 'low',
    run: async (target) => {
      const { authorization: request, code: value } = await getCode(target)
      const guess = await redeem(target, request, value, { code_verifier: 'x'.repeat(43) })
      const then = await redeem(target, request, value)
      const evidence = `a guess: ${says(guess)}, the right verifier afterwards: ${says(then)}`
      return holds(!tokensOf(guess) && !tokensOf(then), evidence)
    },
  },
  {
    name: 'an authorization request without PKCE gets no tokens',
    rows: ['ts-peers 16', 'gateways 6b', 'RFC 9700 §2.1.1'],
    severity: 'high',
    run: (target) =>
      askBadly(
        target,
        { code_challenge: undefined, code_challenge_method: undefined },
        { code_verifier: undefined },
      ),
  },
  {
    name: 'PKCE with plain gets no tokens, and is not advertised',
    rows: ['ts-peers 16', 'gateways 6b'],
    severity: 'medium',
    run: async (target) => {
      const challenge = 'plain-challenge-that-everybody-on-the-way-can-read'
      const verdict = await askBadly(
        target,
        { code_challenge: challenge, code_challenge_method: 'plain' },
        { code_verifier: challenge },
      )
      const methods = JSON.stringify(target.site.metadata.code_challenge_methods_supported)
      const evidence = `${verdict.evidence}; advertised: ${methods}`
      return methods.includes('plain') ? fell(evidence) : { ...verdict, evidence }
    },
  },
  {
    name: 'an unknown PKCE method is refused before anybody is asked',
    rows: ['ts-peers 16'],
    severity: 'low',
    run: async (target) => {
      const { url } = authorization(target, { code_challenge_method: 'S999' })
      const page = await open(target, target.browser(), url)
      const place = placeOf(target, page)
      const evidence = `code_challenge_method=S999 led to ${describe(target, page)}`
      return holds(place === 'page' || place === 'outside', evidence)
    },
  },
  ...secrets(),
]

/** A good code, presented with something wrong about it. */
async function redeemBadly(target: Target, overrides: Parameters) {
  const { authorization: request, code: value } = await getCode(target)
  const answer = await redeem(target, request, value, overrides)
  const changes = Object.entries(overrides)
  const what = changes.map(([name, value]) => `${value ? 'with another' : 'without'} ${name}`)
  return holds(!tokensOf(answer), `${what}: ${says(answer)}`)
}

/** A request that should be refused, followed to the tokens if it is not. */
async function askBadly(target: Target, ask: Parameters, prove: Parameters) {
  const request = authorization(target, ask)
  const page = await open(target, target.browser(), request.url)
  if (placeOf(target, page) === 'page' || placeOf(target, page) === 'outside') {
    return withstood(`refused at once: ${describe(target, page)}`)
  }
  // Where a good request gets no code either, nothing is to be learnt.
  await getCode(target)
  return getCode(target, { overrides: ask }).then(
    async ({ authorization: pending, code: value }) => {
      const answer = await redeem(target, pending, value, prove)
      return holds(!tokensOf(answer), `asked the person, gave a code, and then: ${says(answer)}`)
    },
    (error) => withstood(String(error)),
  )
}

/** A client with a secret, as servers that give one have to check it. */
function secrets(): Attack[] {
  const wrong: [string, string | undefined][] = [
    ['a wrong secret', 'wrong-secret'],
    ['no secret', undefined],
  ]
  const grants = ['code', 'refresh token'] as const
  return wrong.flatMap(([what, client_secret]) =>
    grants.map((grant) => ({
      name: `a confidential client's ${grant} is worth nothing with ${what}`,
      rows: ['ts-peers 3'],
      severity: 'high' as const,
      run: async (target: Target) => {
        const method = 'client_secret_post'
        const answer = await register(target, { token_endpoint_auth_method: method })
        if (answer.body.token_endpoint_auth_method !== method || !answer.body.client_secret) {
          const evidence = `no secret to be had: ${says(answer)}, ${answer.body.token_endpoint_auth_method}`
          return { outcome: 'not applicable' as const, evidence }
        }
        const client = await registerClient(target, { token_endpoint_auth_method: method })
        if (grant === 'code') {
          const { authorization: request, code: value } = await getCode(target, { client })
          const tried = await redeem(target, request, value, { client_secret })
          return holds(!tokensOf(tried), `the code with ${what}: ${says(tried)}`)
        }
        const { tokens } = await signIn(target, { client })
        const tried = await refresh(target, client, tokens.refresh_token, { client_secret })
        return holds(!tokensOf(tried), `the refresh token with ${what}: ${says(tried)}`)
      },
    })),
  )
}
