/** What no shell gives a meaning to, wherever in a word it stands but at its beginning. */
const PLAIN = /^[\w./:-]+$/

/** What bash, zsh or PowerShell give a meaning to between double quotes. */
const MEANT = /[!"$\\`]/g

/**
 * A command line that bash, zsh, PowerShell and cmd read alike. Only a URL may need quotes, and only
 * double ones are known to all: what has a meaning between them is percent-encoded. A percent sign
 * is left alone: typed in, cmd replaces only the names of variables that there are.
 */
export function commandLine(words: readonly string[]): string {
  return words.map(quote).join(' ')
}

function quote(word: string): string {
  if (PLAIN.test(word)) return word
  return `"${word.replace(MEANT, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)}"`
}
