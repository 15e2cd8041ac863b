import { randomBytes } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'

/** Encrypts values that travel outside and come back: codes, refresh tokens, cookies, forms. */
export type Sealer = {
  /** `minLength` pads the text, for Entra's codes and tokens are long. */
  seal(purpose: string, value: object, minLength?: number): Promise<string>
  /** The value, or undefined when the text is not ours or was sealed for something else. */
  open<T extends object>(purpose: string, text: string): Promise<T | undefined>
}

/** Seals under one key (A256GCM). */
export function createSealer(key: Uint8Array): Sealer {
  return {
    async seal(purpose, value, minLength = 0) {
      const bytes = new TextEncoder().encode(JSON.stringify(value))
      const missing = Math.ceil((minLength * 3) / 4) - bytes.length
      // Spaces behind JSON change nothing.
      const padded = Buffer.concat([bytes, Buffer.alloc(Math.max(0, missing), ' ')])
      return new CompactEncrypt(padded)
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: purpose })
        .encrypt(key)
    },
    async open<T extends object>(purpose: string, text: string) {
      try {
        const options = {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        }
        const { plaintext, protectedHeader } = await compactDecrypt(text, key, options)
        if (protectedHeader.typ !== purpose) return undefined
        return JSON.parse(new TextDecoder().decode(plaintext)) as T
      } catch {
        return undefined
      }
    },
  }
}

/** A key for {@link createSealer}. */
export function newSealingKey(): Buffer {
  return randomBytes(32)
}
