import type { Call } from '../call.ts'
import { openCode } from './authorization-code.ts'
import { openRefreshToken } from './refresh-token.ts'

/**
 * Lets a page read an answer of the token endpoint, tokens or error, where it redeems what was
 * issued to a single-page app. No other page is any business of the endpoint's.
 */
export async function allowPage(call: Call, response: Response): Promise<void> {
  const origin = call.request.headers.get('origin')
  if (origin === null) return
  const redeemed = (await openCodeOf(call)) ?? (await openRefreshTokenOf(call))
  if (redeemed?.platform === 'spa') response.headers.set('access-control-allow-origin', origin)
}

function openCodeOf(call: Call) {
  return openCode(call, call.form.get('code') ?? '')
}

function openRefreshTokenOf(call: Call) {
  return openRefreshToken(call, call.form.get('refresh_token') ?? '')
}
