import type { ClientFile } from './clients.ts'

/** What a client's file has in it when this server is its only one. */
export function snippetOf({ format, key, name, entry }: ClientFile): string {
  if (format === 'json') return JSON.stringify({ [key]: { [name]: entry } }, undefined, 2)
  // JSON's strings are TOML's basic strings, and a server's name is a bare key.
  const lines = Object.entries(entry).map(([word, value]) => `${word} = ${JSON.stringify(value)}`)
  return [`[${key}.${name}]`, ...lines].join('\n')
}
