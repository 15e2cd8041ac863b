// The first import of the command: an older Node would fail at what comes next, and say less.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `entrance needs Node 22.18 or newer; this is ${process.versions.node}. Install a newer one, then call it again.\n`,
  )
  process.exit(2)
}
