// Takes out of `dist` the types that no entry point of the package leads to: nobody can import them.
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { root } from './setup.js'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const used = new Set(
  Object.values(manifest.exports).map((path) => join(root, path.replace(/\.js$/, '.d.ts'))),
)
// A set hands out what is added while it is walked. A missing file is for the package's test to name.
for (const file of used) {
  if (!file.endsWith('.d.ts') || !existsSync(file)) continue
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/['"](\.[^'"]+)['"]/g)) {
    used.add(resolve(dirname(file), path.replace(/\.[jt]s$/, '.d.ts')))
  }
}
for (const name of globSync('dist/**/*.d.ts', { cwd: root })) {
  if (!used.has(join(root, name))) rmSync(join(root, name))
}
