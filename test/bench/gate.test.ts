import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { badTokens, goodTokens, optionsOf, requestWith } from '../../bench/gate/requests.ts'
import { createEntrance } from '../../src/index.ts'

/** Why each is refused, by its name in the bench. */
const REASONS = new Map([
  ['no JWT', 'The access token is not a JWT that this server issued.'],
  ['8 KiB of dots', 'The access token is not a JWT that this server issued.'],
  [
    "another server's",
    'The access token was signed with a key that this server does not hold. Sign in again.',
  ],
  ['forged', 'The signature of the access token is not ours.'],
  ['forged, 8 KiB long', 'The signature of the access token is not ours.'],
  ['claims changed', 'The signature of the access token is not ours.'],
  ['signature changed', 'The signature of the access token is not ours.'],
  ['expired', 'The access token has expired.'],
])

suite('the tokens that the gate is measured with', () => {
  test('are let in, or refused for what they are named after', async () => {
    const entrance = createEntrance(optionsOf())
    await entrance.ready()
    const guarded = entrance.protect(() => new Response('in'))
    const kinds = badTokens(2)
    assert.deepEqual(
      kinds.map(({ name }) => name),
      [...REASONS.keys()],
    )
    for (const { name, tokens } of kinds) {
      for (const token of tokens) {
        const refused = await guarded(requestWith(token))
        const { error_description } = (await refused.json()) as { error_description: string }
        assert.deepEqual([refused.status, error_description], [401, REASONS.get(name)], name)
      }
    }
    for (const token of goodTokens(2)) {
      assert.equal(await (await guarded(requestWith(token))).text(), 'in')
    }
    await entrance.close()
  })

  test('are as long as is looked at where they are to be, and no longer', () => {
    const long = badTokens(4).filter(({ name }) => name.includes('8 KiB'))
    const lengths = long.flatMap(({ tokens }) => tokens.map(({ length }) => length))
    assert.deepEqual(new Set(lengths), new Set([8192]))
  })
})
