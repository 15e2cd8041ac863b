// Bundles the page of the conversation, src/expenses/app, to one file that needs no other.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, transform } from 'esbuild'
import { notices, zodInEnglish } from './bundle.js'
import { root } from './setup.js'

const source = join(root, 'src', 'expenses', 'app')
const target = join(root, 'dist', 'expenses', 'app', 'spending.html')

/**
 * Leaves out what no path of the page leads to: whatever of the packages is only imported for its
 * side effects, of which they have none that count here.
 * @type {import('esbuild').Plugin}
 */
const lean = {
  name: 'lean',
  setup(bundle) {
    // Through the object `z`, a bundler sees all of zod in use.
    bundle.onLoad({ filter: /[\\/]ext-apps[\\/]dist[\\/]src[\\/]app\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        /import\{z as (\w+)\}from"zod\/v4"/g,
        'import*as $1 from"zod/v4"',
      ),
      resolveDir: dirname(path),
    }))
    bundle.onResolve({ filter: /./ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === lean || rest.kind === 'entry-point') return undefined
      const found = await bundle.resolve(path, { ...rest, pluginData: lean })
      return found.path.includes('node_modules') ? { ...found, sideEffects: false } : found
    })
  },
}

const { outputFiles, metafile } = await build({
  entryPoints: [join(source, 'main.ts')],
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2023',
  charset: 'utf8',
  legalComments: 'none',
  // The SDK's log of each message: a person's figures, in the console of whoever looks.
  pure: ['console.debug', 'console.log'],
  plugins: [zodInEnglish, lean],
  metafile: true,
  write: false,
})
const style = await transform(readFileSync(join(source, 'spending.css'), 'utf8'), {
  loader: 'css',
  minify: true,
})
const page = readFileSync(join(source, 'spending.html'), 'utf8')
  .replace('<style></style>', () => `<style>${style.code.trim()}</style>`)
  .replace('<script></script>', () => `<script>${outputFiles[0]?.text.trim()}</script>`)
mkdirSync(dirname(target), { recursive: true })
// Two hyphens could end the comment that these stand in.
const licences = notices(metafile).replaceAll('--', '- -')
writeFileSync(target, `${page.trim()}\n<!--\n${licences}-->\n`)
