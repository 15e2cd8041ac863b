import { type Attack, fell, holds, partly, withstood } from '../attack.ts'
import {
  type Answer,
  isLet,
  refresh as refreshWith,
  registerClient,
  says,
  tokensOf,
} from '../client.ts'
import { signIn } from '../flow.ts'
import type { Target } from '../target.ts'

/** What happens to refresh tokens: races, lost answers, thieves. */
export const refresh: readonly Attack[] = [
  {
    name: 'a refresh token used 20 times at once has one successor, and signs nobody out',
    rows: ['fastmcp W2', 'user-asks T3', 'C3.12'],
    severity: 'high',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      const once = () => refreshWith(target, client, tokens.refresh_token)
      const answers = await Promise.all(Array.from({ length: 20 }, once))
      const successors = new Set(answers.map(tokensOf).map((given) => given?.refresh_token))
      successors.delete(undefined)
      const refused = answers.filter((answer) => !tokensOf(answer)).length
      const evidence = `${20 - refused} of 20 succeeded, with ${successors.size} successors`
      if (successors.size > 1) return fell(evidence)
      return refused > 0 ? partly(evidence) : withstood(evidence)
    },
  },
  {
    name: 'a burst of 20 refreshes is one question to Entra',
    rows: ['fastmcp W3', 'user-asks T3'],
    severity: 'low',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      let count = 0
      target.entra.tamper = (url, answer) => {
        if (url.pathname.endsWith('/token')) count++
        return answer()
      }
      const once = () => refreshWith(target, client, tokens.refresh_token)
      try {
        await Promise.all(Array.from({ length: 20 }, once))
      } finally {
        target.entra.tamper = undefined
      }
      return holds(count <= 1, `Entra was asked ${count} times`)
    },
  },
  {
    name: 'a client whose answer was lost can ask again',
    rows: ['fastmcp W2', 'ts-peers 21', 'user-asks T3'],
    severity: 'medium',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      await refreshOrThrow(target, client, tokens.refresh_token)
      const again = await refreshWith(target, client, tokens.refresh_token)
      return holds(
        tokensOf(again) !== undefined,
        `the same refresh token at once again: ${says(again)}`,
      )
    },
  },
  {
    name: 'a refresh token from two generations back ends the family',
    rows: ['fastmcp W4', 'ts-peers 20', 'gateways 6d', 'RFC 9700 §4.14.2'],
    severity: 'high',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      const second = await refreshOrThrow(target, client, tokens.refresh_token)
      const third = await refreshOrThrow(target, client, second.refresh_token)
      const thief = await refreshWith(target, client, tokens.refresh_token)
      const owner = await refreshWith(target, client, third.refresh_token)
      const evidence = `the thief: ${says(thief)}, the newest one afterwards: ${says(owner)}`
      if (tokensOf(thief)) return fell(evidence)
      return holds(!tokensOf(owner), evidence)
    },
  },
  {
    name: "a refresh token is not another client's",
    rows: ['ts-peers 5'],
    severity: 'critical',
    run: async (target) => {
      const { tokens } = await signIn(target)
      const other = await registerClient(target, { client_name: 'Other' })
      const answer = await refreshWith(target, other, tokens.refresh_token)
      return holds(!tokensOf(answer), `used by another client: ${says(answer)}`)
    },
  },
  {
    name: 'a refresh token is worth nothing to a client that never registered',
    rows: ['ts-peers 5'],
    severity: 'critical',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      const nobody = { ...client, client_id: 'nobody', client_secret: undefined }
      const answers = [
        await refreshWith(target, nobody, tokens.refresh_token),
        await refreshWith(target, nobody, tokens.refresh_token, { client_id: undefined }),
      ]
      const given = answers.filter(tokensOf).length
      return holds(given === 0, `by client nobody, and by none: ${answers.map(says).join(', ')}`)
    },
  },
  {
    name: 'an access token is no refresh token',
    rows: ['ts-peers 6'],
    severity: 'high',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      const answer = await refreshWith(target, client, tokens.access_token)
      return holds(!tokensOf(answer), `the access token as refresh_token: ${says(answer)}`)
    },
  },
  {
    name: 'a refresh token opens no door at /mcp',
    rows: ['ts-peers 6', 'fastmcp #3524'],
    severity: 'high',
    run: async (target) => {
      const { tokens } = await signIn(target)
      const isIn = await isLet(target, tokens.refresh_token)
      return holds(!isIn, `the refresh token as bearer: ${isIn ? 'let in' : 'refused'}`)
    },
  },
  {
    name: 'a code is no refresh token, and a refresh token no code',
    rows: ['ts-peers 6'],
    severity: 'medium',
    run: async (target) => {
      const { tokens, client, code } = await signIn(target)
      const answer = await refreshWith(target, client, code)
      const other = await refreshWith(target, client, tokens.refresh_token, {
        grant_type: 'authorization_code',
        code: tokens.refresh_token,
        redirect_uri: client.redirect_uri,
        code_verifier: 'x'.repeat(43),
      })
      const isSafe = !tokensOf(answer) && !tokensOf(other)
      return holds(isSafe, `${says(answer)}, ${says(other)}`)
    },
  },
  {
    name: "Entra's outage costs nobody a refresh token",
    rows: ['fastmcp W5', 'gateways 6k'],
    severity: 'high',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      const during = await duringOutage(target, () =>
        refreshWith(target, client, tokens.refresh_token),
      )
      const after = await refreshWith(target, client, tokens.refresh_token)
      const evidence = `Entra answers 503: ${says(during)}; afterwards: ${says(after)}`
      const isTransient = during.status >= 500 || tokensOf(during) !== undefined
      if (!tokensOf(after)) return fell(evidence)
      return isTransient
        ? withstood(evidence)
        : fell(`${evidence}, but the client has thrown it away`)
    },
  },
  {
    name: "an outage's text does not reach the client",
    rows: ['fastmcp W5'],
    severity: 'medium',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      const { status, text } = await duringOutage(target, () =>
        refreshWith(target, client, tokens.refresh_token),
      )
      const leaks = [SECRET, 'Traceback', 'site-packages', 'node_modules', `${target.entra.host}/`]
      const found = leaks.filter((leak) => text.includes(leak))
      return holds(found.length === 0, `${status}, with ${found.join(', ') || 'nothing of it'}`)
    },
  },
  {
    name: 'a person whose account was disabled gets no new token',
    rows: ['gateways 6u'],
    severity: 'high',
    run: async (target) => {
      const { tokens, client } = await signIn(target, { account: 'Bob' })
      const answer = await withoutBob(target, () =>
        refreshWith(target, client, tokens.refresh_token),
      )
      return holds(!tokensOf(answer), `Bob's refresh: ${says(answer)}`)
    },
  },
  {
    name: 'what is final is 400 invalid_grant, which clients understand',
    rows: ['fastmcp W6', 'RFC 6749 §5.2'],
    severity: 'low',
    run: async (target) => {
      const { tokens, client } = await signIn(target, { account: 'Bob' })
      const answer = await withoutBob(target, () =>
        refreshWith(target, client, tokens.refresh_token),
      )
      return holds(says(answer) === '400 invalid_grant', `Entra refuses for good: ${says(answer)}`)
    },
  },
]

const SECRET = 'db-17.internal.example'

async function duringOutage(target: Target, act: () => Promise<Answer>): Promise<Answer> {
  target.entra.tamper = async ({ pathname }, answer) => {
    if (!pathname.endsWith('/token')) return answer()
    return new Response(`upstream connect error ${SECRET}:5432`, { status: 503 })
  }
  try {
    return await act()
  } finally {
    target.entra.tamper = undefined
  }
}

async function withoutBob(target: Target, act: () => Promise<Answer>): Promise<Answer> {
  const bob = target.entra.emulator.directory.users.find(({ displayName }) => displayName === 'Bob')
  if (!bob) throw new Error('the directory has no Bob')
  bob.accountEnabled = false
  try {
    return await act()
  } finally {
    bob.accountEnabled = true
  }
}

async function refreshOrThrow(...args: Parameters<typeof refreshWith>) {
  const answer = await refreshWith(...args)
  const tokens = tokensOf(answer)
  if (!tokens) throw new Error(`no refresh: ${says(answer)} ${answer.text.slice(0, 200)}`)
  return tokens
}
