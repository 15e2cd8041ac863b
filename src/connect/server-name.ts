/** A tool's name is often put behind the server's, and 64 characters are all that models take. */
const MAX_LENGTH = 32

/**
 * What a server is called in clients' files and commands: letters, digits and single hyphens, which
 * is what Codex and Claude Code take at most, and Gemini reads an underscore as the end of the name.
 * Of a name that has none of these, the host of its address.
 */
export function toServerName({ name, url }: { name: string; url: string }): string {
  return slugOf(name) || slugOf(URL.parse(url)?.host ?? '') || 'mcp'
}

function slugOf(text: string): string {
  // The length first: a name is somebody else's text.
  const letters = text
    .slice(0, 200)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
  const words = letters.split(/[^a-z0-9]+/).filter((word) => word !== '')
  return words.join('-').slice(0, MAX_LENGTH).replace(/-$/, '')
}
