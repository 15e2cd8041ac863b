// Bundles the page of the conversation, src/expenses/app, to one file that needs no other.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, transform } from 'esbuild'
import { root } from './setup.js'

const source = join(root, 'src', 'expenses', 'app')
const target = join(root, 'dist', 'expenses', 'app', 'spending.html')

/**
 * Leaves out what no path of the page leads to: zod's words in fifty languages, and whatever else
 * of the packages is only imported for its side effects, of which they have none that count here.
 * @type {import('esbuild').Plugin}
 */
const lean = {
  name: 'lean',
  setup(bundle) {
    bundle.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, ({ path }) => ({
      contents: "export { default as en } from './en.js'",
      resolveDir: dirname(path),
    }))
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
  plugins: [lean],
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
writeFileSync(target, `${page.trim()}\n<!--\n${notices(usedOf(metafile))}-->\n`)

/** The licences of the packages that the bundle holds parts of, each text once. */
function notices(/** @type {string[]} */ inputs) {
  /** @type {Map<string, string[]>} */
  const byText = new Map()
  for (const folder of new Set(inputs.flatMap(packageOf))) {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    // Two hyphens could end the comment that this stands in.
    const text = readFileSync(join(root, folder, 'LICENSE'), 'utf8')
      .trim()
      .replaceAll('--', '- -')
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`])
  }
  return [...byText].map(([text, names]) => `${names.join(', ')}:\n\n${text}\n`).join('\n')
}

/** The folder of the package that a file of the bundle is from. */
function packageOf(/** @type {string} */ path) {
  const parts = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)
  return parts ? [join('node_modules', parts[1] ?? '')] : []
}

/** The files that anything is left of in the bundle. */
function usedOf(/** @type {import('esbuild').Metafile} */ { outputs }) {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((path) => (inputs[path]?.bytesInOutput ?? 0) > 0),
  )
}
