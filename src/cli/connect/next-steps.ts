import type { Client, ClientId } from '../../connect/clients.ts'

/** What is left to do once the entry is in the client's file, by its name there. */
const AFTER_FILE: ReadonlyMap<ClientId, (name: string) => string> = new Map([
  ['vscode', () => 'Open the file in VS Code, choose `Start` above the entry, and sign in.'],
  ['cursor', () => 'In Cursor, open `Customize`, `MCPs`, connect the server, and sign in.'],
  [
    'claude-code',
    (name: string) =>
      `Start Claude Code here, let it use the server, and choose \`${name}\` in \`/mcp\` to sign in.`,
  ],
  ['codex', (name: string) => `Run \`codex mcp login ${name}\` to sign in.`],
  ['gemini-cli', (name: string) => `Within Gemini CLI, \`/mcp auth ${name}\` signs you in.`],
])

/** What the person does next, once the entry is there. */
export function nextStep({ id, words }: Client, name: string): string {
  return AFTER_FILE.get(id)?.(name) ?? words
}
