import { type Attack, carryOut, type Verdict } from './attack.ts'
import { startEntra } from './entra.ts'
import type { Profile } from './profiles/profile.ts'
import { createTarget, type Target } from './target.ts'

/** A target that runs, with all that belongs to it. */
export type RunningTarget = AsyncDisposable & { readonly target: Target }

/** Starts a product with an Entra of its own. */
export async function startTarget(profile: Profile): Promise<RunningTarget> {
  await using started = new AsyncDisposableStack()
  const entra = started.use(await startEntra())
  const product = started.use(await profile.start(entra))
  const target = await createTarget(product, entra)
  const running = started.move()
  return { target, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** Carries out one attack, on a server of its own where it wants one. */
export async function attack(one: Attack, shared: Target, profile: Profile): Promise<Verdict> {
  if (!one.needsOwnServer) return carryOut(one, shared)
  await using own = await startTarget(profile)
  return await carryOut(one, own.target)
}
