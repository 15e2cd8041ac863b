import {
  generateSigningKey,
  loadSigningKey,
  type SigningKey,
  type StoredKey,
} from './signing-keys.ts'

/** The keys that tokens are signed with, made when they are first needed. */
export type KeyRing = {
  /** The first signs; the others sign later, or signed before. */
  signingKeys(): Promise<readonly SigningKey[]>
  /** Those of personal accounts, which have an issuer of their own. */
  personalKeys(): Promise<readonly SigningKey[]>
  /** The key that has been published longest signs from now on; the former stays published once. */
  rotateKeys(): Promise<readonly SigningKey[]>
}

/** What is written down of them. */
export type StoredKeys = { signingKeys: StoredKey[]; personalKeys?: StoredKey[] }

/** Opens the keys of a state, which `save` writes down. */
export function createKeyRing(state: StoredKeys, save: () => void): KeyRing {
  let signing: Promise<readonly SigningKey[]> | undefined
  let personal: Promise<readonly SigningKey[]> | undefined
  const signingKeys = () => {
    signing ??= loadKeys(state, save)
    return signing
  }
  return {
    signingKeys,
    personalKeys: () => {
      personal ??= loadPersonalKeys(state, save)
      return personal
    },
    rotateKeys: () => {
      signing = rotate(state, signingKeys(), save)
      return signing
    },
  }
}

async function loadKeys(state: StoredKeys, save: () => void): Promise<readonly SigningKey[]> {
  if (state.signingKeys.length === 0) {
    state.signingKeys = await Promise.all([generateSigningKey(), generateSigningKey()])
    save()
  }
  return state.signingKeys.map(loadSigningKey)
}

async function loadPersonalKeys(
  state: StoredKeys,
  save: () => void,
): Promise<readonly SigningKey[]> {
  if (!state.personalKeys) {
    state.personalKeys = [await generateSigningKey()]
    save()
  }
  return state.personalKeys.map(loadSigningKey)
}

/** A key is published before it signs, so that whoever fetched the keys lately knows it already. */
async function rotate(
  state: StoredKeys,
  current: Promise<readonly SigningKey[]>,
  save: () => void,
): Promise<readonly SigningKey[]> {
  await current
  const [former, next] = state.signingKeys
  const fresh = await generateSigningKey()
  state.signingKeys = [next, fresh, former].filter((key) => key !== undefined)
  save()
  return state.signingKeys.map(loadSigningKey)
}
