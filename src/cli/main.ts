#!/usr/bin/env node
import './check-node.ts'
import './compile-cache.ts'

// Loaded after these two, not with them: what is imported at the top is compiled before they run.
const { main } = await import('./run.ts')
await main()
