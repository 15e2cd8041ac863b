#!/usr/bin/env node
import './check-node.ts'
import './compile-cache.ts'
import './quiet-sqlite.ts'

// Not at the top: an older Node would refuse `node:sqlite` before the first line of any module is run.
const { main } = await import('./run.ts')
await main()
