/** The word that somebody may have meant: the nearest one, where it is near; `farthest` in letters. */
export function suggest(
  word: string,
  known: readonly string[],
  farthest = Math.max(1, Math.floor(Math.min(word.length, 64) / 3)),
): string | undefined {
  const wanted = word.toLowerCase().slice(0, 64)
  const ranked = known
    .map((name) => ({ name, distance: distance(wanted, name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= farthest ? best.name : undefined
}

/** How many letters to change, add or leave out (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
