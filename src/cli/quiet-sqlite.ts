// Node 22 calls its SQLite experimental, once, as soon as it is loaded: whoever asks for `--version`
// can do nothing about it. All other warnings are shown.
const { emitWarning } = process
process.emitWarning = () => {}
process.getBuiltinModule('node:sqlite')
process.emitWarning = emitWarning
