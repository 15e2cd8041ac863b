// People who sign in, refresh and call, at a server with few grants and at one with many in turns.
import type { RunningEmulator } from '../../src/emulator/emulator.ts'
import type { Store } from '../../src/index.ts'
import { json, signIn, type TokenResponse } from '../../test/support/oauth-client.ts'
import { leaveLog } from '../../test/support/secrets.ts'
import { startEntrance } from '../../test/support/start.ts'

/** What a server is known by, before it is started. */
export type Identity = { readonly port: number; readonly secret: string }

/** Times in milliseconds, by what was done. */
export type Times = Map<string, number[]>

/** A server whose people sign in, refresh and call; the store's own part of it is noted as well. */
export async function startFlows(
  store: Store,
  emulator: RunningEmulator,
  { port, secret }: Identity,
  times: Times,
) {
  const clock = { spent: 0 }
  let count = 0
  const entrance = { store: watch(store, clock), secret }
  const server = await startEntrance({ emulator, port, entrance })
  leaveLog(server.logs)

  async function time<T>(what: string, isNoted: boolean, step: () => Promise<T>): Promise<T> {
    const start = performance.now()
    clock.spent = 0
    const result = await step()
    if (isNoted) {
      note(times, what, performance.now() - start)
      if (clock.spent > 0) note(times, `${what}: the store`, clock.spent)
    }
    return result
  }

  return {
    server,
    async flow(isNoted: boolean) {
      const metadata = { client_name: `One of the bench, ${count++}` }
      const { client, client_id, tokens } = await time('sign-in', isNoted, () =>
        signIn(server.url, { metadata }),
      )
      const refreshed = await time('refresh', isNoted, async () =>
        json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token)),
      )
      await time('/mcp', isNoted, async () =>
        (await client.mcp(refreshed.access_token, { method: 'tools/list' })).text(),
      )
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** The store, with the time of each operation that a request waits for added up. It stays open. */
function watch(store: Store, clock: { spent: number }): Store {
  async function timed<T>(operation: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await operation()
    } finally {
      clock.spent += performance.now() - start
    }
  }
  return {
    ...store,
    get: (key) => timed(() => store.get(key)),
    create: (record) => timed(() => store.create(record)),
    replace: (record, version) => timed(() => store.replace(record, version)),
    delete: (key) => timed(() => store.delete(key)),
    list: (by) => timed(() => store.list(by)),
    close: async () => {},
  }
}

function note(times: Times, what: string, time: number): void {
  const noted = times.get(what) ?? []
  noted.push(time)
  times.set(what, noted)
}
