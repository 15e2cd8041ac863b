// What the bundles of this package have in common: what is left out of other people's code, and
// whose licences go with what is left.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './setup.js'

/**
 * zod's words in fifty languages, of which nothing here speaks but one.
 * @type {import('esbuild').Plugin}
 */
export const zodInEnglish = {
  name: 'zod-in-english',
  setup(bundle) {
    bundle.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, ({ path }) => ({
      contents: "export { default as en } from './en.js'",
      resolveDir: dirname(path),
    }))
  },
}

/**
 * The licences of the packages that a bundle holds parts of, each text once, and what single files
 * of theirs say of whose they are.
 */
export function notices(/** @type {import('esbuild').Metafile} */ metafile) {
  const files = usedOf(metafile).filter((path) => packageOf(path) !== undefined)
  /** @type {Map<string, Set<string>>} */
  const byText = new Map()
  const add = (/** @type {string} */ text, /** @type {string} */ owner) =>
    byText.set(text, (byText.get(text) ?? new Set()).add(owner))
  for (const path of files) {
    const folder = packageOf(path) ?? ''
    const source = readFileSync(join(root, path), 'utf8')
    const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    for (const text of [licenceIn(folder), ...remarksIn(source)]) add(text, `${name} ${version}`)
    for (const [inner, its] of bundledIn(source)) {
      add(licenceIn(join('node_modules', inner)), `${inner} ${its}`)
    }
  }
  return [...byText].map(([text, names]) => `${[...names].join(', ')}:\n\n${text}\n`).join('\n')
}

/** The folder of the package that a file is from; undefined of our own. */
function packageOf(/** @type {string} */ path) {
  const [, name] = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
  return name && join('node_modules', name)
}

function licenceIn(/** @type {string} */ folder) {
  for (const name of ['LICENSE', 'LICENSE.md']) {
    try {
      return readFileSync(join(root, folder, name), 'utf8').trim()
    } catch {
      // The other one, then.
    }
  }
  throw new Error(`${folder} has no licence here, so nothing of it can be passed on.`)
}

/** The comments that ask to be kept. */
function remarksIn(/** @type {string} */ source) {
  const found = source.matchAll(/\/\*!\s*(.*?)\s*\*\//gs)
  return [...found].map(([, text = '']) => text.replaceAll(/^[ \t]*\* ?/gm, ''))
}

/**
 * The packages, with their versions, that a file had been bundled with when it came: as its bundler
 * writes above what is from another file.
 */
function bundledIn(/** @type {string} */ source) {
  const found = source.matchAll(
    /^\/\/#region .*\/node_modules\/\.pnpm\/[^/]*?@(\d[^/_(]*)[^/]*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//gm,
  )
  return new Map([...found].map(([, version = '', name = '']) => [name, version]))
}

/** The files that anything is left of in the bundle. */
function usedOf(/** @type {import('esbuild').Metafile} */ { outputs }) {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((path) => (inputs[path]?.bytesInOutput ?? 0) > 0),
  )
}
