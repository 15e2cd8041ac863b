/**
 * Reads CSV as RFC 4180 writes it, and refuses what is not: fields parted by commas, rows ended by
 * CRLF, quotes only around a whole field and doubled in it. Shares nothing with what writes it.
 */
export function readCsv(text: string): string[][] {
  const rows: string[][] = []
  let at = 0
  while (at < text.length) {
    const row: string[] = []
    for (;;) {
      const { field, end } = text[at] === '"' ? readQuoted(text, at) : readPlain(text, at)
      row.push(field)
      at = end + 1
      if (text[end] === ',') continue
      if (text.slice(end, end + 2) !== '\r\n') throw new Error(`No end of a row at ${end}.`)
      at = end + 2
      break
    }
    rows.push(row)
  }
  return rows
}

function readQuoted(text: string, start: number): { field: string; end: number } {
  let field = ''
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] !== '"') field += text[at]
    else if (text[at + 1] === '"') field += text[at++]
    else return { field, end: at + 1 }
  }
  throw new Error(`The quote at ${start} is never closed.`)
}

function readPlain(text: string, start: number): { field: string; end: number } {
  let end = start
  while (end < text.length && text[end] !== ',' && text[end] !== '\r') {
    if (text[end] === '"' || text[end] === '\n') throw new Error(`A bare quote or LF at ${end}.`)
    end++
  }
  return { field: text.slice(start, end), end }
}
