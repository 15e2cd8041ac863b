// Preloaded into `entrance client`: its pipes to the test are the terminal of a person who is there,
// one without colours.
for (const stream of [process.stdin, process.stderr]) {
  Object.assign(stream, { isTTY: true, getColorDepth: () => 1 })
}
