// Bundles the command, src/cli/main.ts, with all that it is made of, to dist/cli: a start then reads
// a few files in place of hundreds, and an install brings no package that only the command needs. A
// command's own part is a file of its own, which is read when that command is run.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, transform } from 'esbuild'
import { notices, zodInEnglish } from './bundle.js'
import { root } from './setup.js'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const target = join(root, 'dist', 'cli')

/**
 * What is our own keeps its names, for whoever reads a stack; what is others' is as short as can be.
 * @type {import('esbuild').Plugin}
 */
const short = {
  name: 'short',
  setup(bundle) {
    bundle.onLoad({ filter: /[\\/]node_modules[\\/].*\.m?js$/ }, async ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const { code } = await transform(text, {
        minify: true,
        format: 'esm',
        legalComments: 'none',
        target: 'node22.18',
      })
      return { contents: code, resolveDir: dirname(path) }
    })
  },
}

/**
 * The SDK's client and its server each bring the same validator, 290 kB of it.
 * @type {import('esbuild').Plugin}
 */
const oneValidator = {
  name: 'one-validator',
  setup(bundle) {
    const filter = /[\\/]client[\\/]dist[\\/]ajvProvider-\w+\.mjs$/
    bundle.onLoad({ filter }, ({ path }) => ({
      contents:
        "export { AjvJsonSchemaValidator as n } from '@modelcontextprotocol/server/validators/ajv'",
      resolveDir: dirname(path),
    }))
  },
}

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [join('src', 'cli', 'main.ts')],
  outdir: target,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  // Of a package that has both, what can be taken apart.
  mainFields: ['module', 'main'],
  // Whoever wants one of these installs it.
  external: Object.keys(manifest.peerDependencies),
  plugins: [zodInEnglish, oneValidator, short],
  minifyWhitespace: true,
  // A stack names a line, and a line is to be a place.
  lineLimit: 120,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
})
writeFileSync(join(target, 'licences.txt'), notices(metafile))
