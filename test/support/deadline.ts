/** Gives what is waited for; rejects with what that was when it does not come in time. */
export async function within<T>(
  milliseconds: number,
  what: string,
  waiting: Promise<T>,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const inVain = () => reject(new Error(`Waited ${milliseconds} ms in vain for ${what}.`))
  const timer = setTimeout(inVain, milliseconds)
  return Promise.race([waiting, late]).finally(() => clearTimeout(timer))
}
