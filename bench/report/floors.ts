// The least that ratios may be in the best round of the quick form.

export type Floor = {
  readonly part: string
  /** The ratio's id: more is better. */
  readonly ratio: string
  readonly least: number
  /** Why this number, and not a higher one. */
  readonly why: string
  /** Where to look when it is broken. */
  readonly look: string
}

/**
 * Of processor time, which says more than the clock where others run too. Set by runs on two processors that
 * up to thirty others wanted: there the best round beside the bare server was never below 109 %, and beside the
 * unchecked one once at 78 %, else above 86 %. What the gate takes beside a signature is steady to a tenth.
 */
export const FLOORS: readonly Floor[] = [
  {
    part: 'calls',
    ratio: 'calls/warm/cpu/beside-bare',
    least: 85,
    why: 'Entrance with its gate, SQLite and its log takes less of the processor than the bare MCP SDK with nothing of that; a quarter more for each call is noticed.',
    look: 'profile a call: the gate (src/core/protected-resource/), the adapter (src/adapters/node.ts), the expenses server (src/expenses/).',
  },
  {
    part: 'calls',
    ratio: 'calls/warm/cpu/beside-unchecked',
    least: 75,
    why: 'What the gate and its log take of a call that is not checked: the target is 95 % on a quiet machine.',
    look: 'profile the gate, src/core/protected-resource/, and what is logged and audited of each call; `npm run bench -- --only gate` measures it alone.',
  },
  {
    part: 'gate',
    ratio: 'gate/seen/beside-signature',
    least: 600,
    why: 'A token seen before takes 4.5 µs where a signature takes 45: three more for each call are noticed.',
    look: 'profile src/core/protected-resource/: what is done for each request, and not once for each token.',
  },
  {
    part: 'gate',
    ratio: 'gate/new/beside-signature',
    least: 55,
    why: 'A new token takes 67 µs, of which 45 are its signature: fifteen more are noticed.',
    look: 'profile src/core/tokens/: what is done before and after the signature of an access token is checked.',
  },
  {
    part: 'gate',
    ratio: 'gate/bad/beside-signature',
    least: 140,
    why: 'The bad token that costs most takes 25 µs where a signature takes 45: a signature that is checked of what a stranger made up breaks it at once.',
    look: 'see which bad token it is (`npm run bench -- --quick --only gate`): src/core/tokens/ is to refuse it before it checks a signature.',
  },
]
