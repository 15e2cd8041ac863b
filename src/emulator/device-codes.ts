import { randomBytes, randomInt } from 'node:crypto'
import type { SignedIn } from './tokens/issue.ts'

/** A device that waits for a person to sign in somewhere else (RFC 8628). */
export type DeviceAuthorization = {
  readonly deviceCode: string
  /** What the person types. */
  readonly userCode: string
  readonly clientId: string
  /** The path's first segment, where the sign-in takes place. */
  readonly segment: string
  /** The authority asked, for the same one has to redeem it. */
  readonly authority: string
  readonly scope: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  answer: DeviceAnswer
}

/** What has become of it. */
export type DeviceAnswer =
  | { readonly kind: 'pending' }
  | { readonly kind: 'declined' }
  | { readonly kind: 'redeemed' }
  | { readonly kind: 'approved'; readonly from: DeviceSignIn }

/** Who has signed in for a device. */
export type DeviceSignIn = SignedIn & { readonly userId: string }

/** Those that wait, in memory: a restart forgets them. */
export type DeviceCodes = {
  add(
    wanted: Pick<DeviceAuthorization, 'clientId' | 'segment' | 'authority' | 'scope'>,
  ): DeviceAuthorization
  findByDeviceCode(deviceCode: string): DeviceAuthorization | undefined
  /** One whose code a person can still enter. */
  findByUserCode(userCode: string): DeviceAuthorization | undefined
  clear(): void
}

/** Seconds that a device code lives. */
export const DEVICE_CODE_TTL = 15 * 60

// Expired ones are kept for a while, so that the device is told so.
const KEPT = 2 * DEVICE_CODE_TTL * 1000
const MAX_WAITING = 10_000
// Without letters that look like others, or make words.
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXYZ23456789'
const USER_CODE_LENGTH = 9

/** Starts without any. */
export function createDeviceCodes(now: () => number): DeviceCodes {
  const waiting = new Map<string, DeviceAuthorization>()
  return {
    add(wanted) {
      makeRoom(waiting, now())
      const device: DeviceAuthorization = {
        ...wanted,
        deviceCode: randomBytes(120).toString('base64url'),
        userCode: newUserCode(),
        expiresAt: now() + DEVICE_CODE_TTL * 1000,
        answer: { kind: 'pending' },
      }
      waiting.set(device.deviceCode, device)
      return device
    },
    clear: () => waiting.clear(),
    findByDeviceCode: (deviceCode) => waiting.get(deviceCode),
    findByUserCode(userCode) {
      const wanted = userCode.toUpperCase().replace(/[\s-]/g, '')
      const found = [...waiting.values()].find((device) => device.userCode === wanted)
      return found?.answer.kind === 'pending' && found.expiresAt > now() ? found : undefined
    },
  }
}

/** In order of their start: the first that is young enough ends the search. */
function makeRoom(waiting: Map<string, DeviceAuthorization>, now: number): void {
  for (const [code, { expiresAt }] of waiting) {
    const isOld = expiresAt + KEPT < now
    if (!isOld && waiting.size < MAX_WAITING) break
    waiting.delete(code)
  }
}

function newUserCode(): string {
  const letters = Array.from(
    { length: USER_CODE_LENGTH },
    () => ALPHABET[randomInt(ALPHABET.length)],
  )
  return letters.join('')
}
