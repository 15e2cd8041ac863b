import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import type { Command } from 'commander'
import { aadstsPage } from '../scripts/aadsts-page.ts'
import { AADSTS } from '../src/aadsts/table.ts'
import { CHECKS } from '../src/cli/doctor/checks.ts'
import { findKnownText, KNOWN_TEXTS } from '../src/cli/doctor/explain/texts.ts'
import { resolveServeSettings } from '../src/cli/env.ts'
import { createProgram } from '../src/cli/program.ts'
import { REDIRECT_URI_PRESETS } from '../src/core/clients/presets.ts'
import { ANY_LOOPBACK } from '../src/core/clients/redirect-uri.ts'
import { OAuthError, type OAuthErrorCode } from '../src/core/errors.ts'
import { CLIENT_RESETS } from '../src/core/pages/error-page.ts'
import { SEED } from '../src/emulator/emulator.ts'
import { createEntrance } from '../src/index.ts'
import { memoryStore } from '../src/stores/memory.ts'

const root = dirname(import.meta.dirname)
const read = (path: string) => readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n')
const paths = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).map((p) => p.replaceAll('\\', '/'))
const documents = new Map(paths.map((path) => [path, read(path)]))
const documentOf = (path: string) => documents.get(path) ?? ''

suite('every document', () => {
  test('links only to files and headings that exist', () => {
    const links = all(/\]\(([^)\s]+)\)/g).filter(({ text }) => !/^\w+:/.test(text))
    assert.ok(links.length > 50)
    assert.deepEqual(links.filter((link) => !isThere(link)).map(toLine), [])
  })

  test('names only files that exist', () => {
    const isPath = /^(src|test|docs|examples|scripts)\/[\w./-]*\w\/?$/
    const names = all(/`([^`\n]+)`/g).filter(({ text }) => isPath.test(text))
    assert.deepEqual(names.filter(({ text }) => !existsSync(join(root, text))).map(toLine), [])
  })

  test('has TypeScript that compiles', () => {
    const found = blocks('ts')
    assert.ok(found.length > 0)
    assert.equal(compile(found.map(({ text }) => text)), '')
  })

  test('has JSON that parses', () => {
    const found = blocks('json')
    assert.ok(found.length > 0)
    for (const { path, text } of found) assert.doesNotThrow(() => JSON.parse(text), path)
  })

  test('shows only commands, options and scripts that exist', () => {
    const shown = blocks('sh').flatMap(({ path, text }) => toCommands(text, path))
    const named = all(/`([^`\n]+)`/g).flatMap(({ path, text }) => toCommands(text, path))
    assert.ok(shown.length > 5)
    const faults = [...shown, ...named].map(({ path, text }) => {
      const fault = findFault(text)
      return fault && `${path}: ${text}: ${fault}`
    })
    assert.deepEqual(faults.filter(Boolean), [])
  })
})

suite('README.md', () => {
  const readme = documentOf('README.md')

  test('has 250 lines at most', () => {
    assert.ok(readme.split('\n').length <= 251, `${readme.split('\n').length} lines`)
  })

  test('tells how each client forgets its registration as the error page does', () => {
    const resets = CLIENT_RESETS.map(([client, how]) => [client, how.replaceAll('`', '')])
    assert.deepEqual(tableOf(readme, 'Client'), resets)
  })

  test('explains only AADSTS numbers that the error page has a cure for', () => {
    const numbers = [...readme.matchAll(/AADSTS(\d+)/g)].map((match) => Number(match[1]))
    assert.ok(numbers.length > 5)
    assert.deepEqual(
      numbers.filter((number) => !AADSTS.has(number)),
      [],
    )
  })
})

suite('docs/configuration.md', () => {
  const text = documentOf('docs/configuration.md')

  for (const [type, heading] of [
    ['EntranceOptions', 'Option'],
    ['EntraOptions', 'Option of entra'],
    ['AllowOptions', 'Option of allow'],
    ['RegistrationOptions', 'Option of registration'],
    ['ConfiguredClient', 'Member of a client'],
    ['LimitOptions', 'Option of limits'],
  ] as const) {
    test(`lists the options of ${type} with their defaults`, () => {
      const listed = tableOf(text, heading).map(([option, value]) => [option, value])
      assert.deepEqual(listed, optionsOf(type))
    })
  }

  test('lists the presets of redirect URIs with what they stand for', () => {
    const listed = tableOf(text, 'Preset').map(([name, uris = '']) => [name, uris.split(', ')])
    const presets = [...REDIRECT_URI_PRESETS].map(([name, uris]) =>
      name === ANY_LOOPBACK ? [name, ['every URI on loopback']] : [name, uris],
    )
    assert.deepEqual(listed, presets)
  })

  test('lists every variable that is read, and no other', () => {
    const tables = [tableOf(text, 'Variable', 'Option'), tableOf(text, 'Variable', 'What it is')]
    const listed = tables.flat().flatMap(([names = '']) => names.split(', ').filter(Boolean))
    assert.deepEqual(listed.toSorted(), variablesRead())
  })

  test('lists no variable that serve would take for a misspelt one', () => {
    const env = Object.fromEntries(variablesRead().map((name) => [name, '']))
    const { problems } = resolveServeSettings({ emulator: true }, env)
    assert.deepEqual(
      problems.filter(({ problem }) => /is not a variable/.test(problem)),
      [],
    )
  })

  test('lists every command with its options, and no other', () => {
    const own = new Map(tableOf(text, 'Command').map(([name, options]) => [name, options]))
    const serve = tableOf(text, 'Variable', 'Option').map(([, option]) => option)
    own.set('entrance serve', serve.filter(Boolean).join(', '))
    const listed = [...own].map(([name, options = '']) => [name, options.split(', ').toSorted()])
    const actual = leaves(createProgram()).map(([name, command]) => [name, optionsOn(command)])
    assert.deepEqual(listed.toSorted(), actual.toSorted())
  })

  test('knows every variable of .env.example', () => {
    const named = [...read('.env.example').matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => name)
    assert.ok(named.length > 3)
    const known = new Set(variablesRead())
    assert.deepEqual(
      named.filter((name) => !known.has(name as string)),
      [],
    )
  })
})

suite('docs/endpoints.md', () => {
  const text = documentOf('docs/endpoints.md')
  const rows = tableOf(text, 'URL', 'Methods', 'RFC', 'Parameters')
  const url = 'http://localhost:8000'
  const path = '/base'
  const entrance = createEntrance({
    url: `${url}${path}`,
    entra: { tenantId: SEED.tenantId, clientId: SEED.clientId, clientSecret: SEED.clientSecret },
    secret: 'a secret that is long enough for a test',
    store: memoryStore(),
    frontDoor: true,
  })
  const ask = (target: string, method: string) =>
    entrance.fetch(new Request(`${url}${target}`, { method }))

  test('lists the routes of the router, and no other', () => {
    const routes = [...read('src/core/router.ts').matchAll(/^ {2}\['(\/[^']*)', \w+\(/gm)]
    assert.deepEqual(
      rows.map(([name]) => name),
      routes.map(([, name]) => name),
    )
  })

  for (const [name, listed = ''] of rows) {
    test(`${name} answers ${listed} and no other method`, async () => {
      const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']
      const answers = await Promise.all(methods.map((method) => ask(`${path}${name}`, method)))
      const allowed = methods.filter((_, i) => answers[i]?.status !== 405)
      assert.deepEqual(allowed, listed.split(', '))
    })
  }

  for (const [names = ''] of tableOf(text, 'URL', 'Methods', 'RFC', 'File')) {
    const [name = ''] = names.split(',')
    test(`${name} is at every place that is listed`, async () => {
      const behind = ['', path, `${path}/mcp`].map((tail) => `${name}${tail}`)
      const below = [path, `${path}/mcp`].map((head) => `${head}${name}`)
      const places = [...behind, ...below].flatMap((target) => [target, `${target}/`])
      const answers = await Promise.all(places.map((target) => ask(target, 'GET')))
      assert.deepEqual(
        answers.map(({ status }) => status),
        answers.map(() => 200),
      )
    })
  }
})

suite('docs/errors.md', () => {
  const text = documentOf('docs/errors.md')

  test('lists the OAuth error codes with their status', () => {
    const codes = [
      ...block(read('src/core/errors.ts'), 'const STATUS').matchAll(/^ {2}(\w+): \d/gm),
    ]
    assert.deepEqual(
      tableOf(text, 'Code').map(([code, status]) => [code, Number.parseInt(status ?? '', 10)]),
      codes.map(([, code]) => [code, new OAuthError(code as OAuthErrorCode, '').status]),
    )
  })
})

test('docs/aadsts.md is what npm run docs writes', () => {
  assert.equal(documentOf('docs/aadsts.md'), aadstsPage())
})

suite('docs/doctor.md', () => {
  const text = documentOf('docs/doctor.md')

  test('lists the checks, in their order', () => {
    const listed = tableOf(text, 'Check').map(([id, title]) => [id, title])
    assert.deepEqual(
      listed,
      CHECKS.map(({ id, title }) => [id, title]),
    )
  })

  test('says of each symptom of the README what looks at it, and explain knows each', () => {
    const symptoms = [...tableOf(documentOf('README.md'), 'Symptom').map(([symptom]) => symptom)]
    const listed = new Map(
      tableOf(text, 'Symptom in the README').map(([symptom = '', checks = '']) => [
        symptom,
        checks,
      ]),
    )
    const known = (symptom: string) =>
      [...listed.keys()].find((one) => symptom.includes(one)) ?? `not listed: ${symptom}`
    for (const symptom of symptoms) {
      const name = known(symptom ?? '')
      const words = (listed.get(name) ?? '').match(/[a-z]+[.][a-z-]+|registration|explain/g) ?? []
      assert.ok(words.length > 0, name)
      const ids = [...CHECKS.map(({ id }) => id), 'explain']
      assert.deepEqual(
        words.filter((word) => !ids.includes(word)),
        [],
        name,
      )
      const [, number] = /AADSTS([0-9]+)/.exec(name) ?? []
      assert.ok(
        number ? AADSTS.has(Number(number)) : findKnownText(name.replaceAll('…', '18')),
        name,
      )
    }
    assert.ok(symptoms.length > 15)
  })

  test('explains only texts that are looked at by checks that there are', () => {
    const ids = new Set(CHECKS.map(({ id }) => id))
    const named = KNOWN_TEXTS.flatMap(({ checks }) => checks)
    assert.deepEqual(
      named.filter((id) => !ids.has(id)),
      [],
    )
  })

  test('lists every finding with what it means', () => {
    const listed = tableOf(text, 'Finding').map(([id, meaning]) => [id, meaning])
    const actual = CHECKS.flatMap(({ id, faults }) =>
      [...faults].map(([word, meaning]) => [`${id}.${word}`, meaning]),
    )
    assert.deepEqual(listed, actual)
  })
})

test('docs/setup.md lists every difference that a registration can have', () => {
  const rows = tableOf(documentOf('docs/setup.md'), 'Part', 'Portal')
  const listed = rows.flatMap(([, , ids = '']) => ids.split(', '))
  const sources = globSync('src/cli/registration/compare-*.ts', { cwd: root }).map(read)
  const ids = sources.flatMap((text) => [...text.matchAll(/\bid: '([a-z-]+)'/g)])
  assert.ok(ids.length > 15)
  assert.deepEqual(listed.toSorted(), ids.map(([, id]) => id).toSorted())
})

test('docs/architecture.md has the rows that the structure test enforces', () => {
  const lines =
    block(read('test/structure.test.ts'), 'const ROWS').match(
      /^ {2}\[(?:.+|\n(?: {4}.+\n)+ {2})\],$/gm,
    ) ?? []
  const rows = lines.map((line) => [...line.matchAll(/'([^']+)'/g)].map(([, unit]) => unit))
  const listed = tableOf(documentOf('docs/architecture.md'), 'Row').map((row) => row[1])
  assert.ok(rows.length > 5)
  assert.deepEqual(
    listed,
    rows.map((units) => units.join(', ')),
  )
})

test('docs/emulator.md has the ids of the seed', () => {
  const text = documentOf('docs/emulator.md')
  const missing = Object.values(SEED).filter((value) => !text.includes(value))
  assert.deepEqual(missing, [])
})

type Found = { readonly path: string; readonly text: string }

const toLine = ({ path, text }: Found) => `${path}: ${text}`
const FENCE = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gm

/** What a pattern's first group finds in the documents, outside of fenced blocks. */
function all(pattern: RegExp): Found[] {
  return [...documents].flatMap(([path, text]) =>
    [...text.replaceAll(FENCE, '').matchAll(pattern)].map((match) => ({
      path,
      text: match[1] as string,
    })),
  )
}

/** The fenced blocks of a language. */
function blocks(language: string): Found[] {
  return [...documents].flatMap(([path, text]) =>
    [...text.matchAll(FENCE)]
      .filter((match) => match[2] === language)
      .map((match) => ({ path, text: match[3] as string })),
  )
}

function isThere({ path, text }: Found): boolean {
  const [file = '', heading] = text.split('#')
  const target = file ? join(dirname(path), file).replaceAll('\\', '/') : path
  if (!existsSync(join(root, target))) return false
  return heading === undefined || headingsOf(documentOf(target)).includes(heading)
}

/** The names by which a document's headings are linked to. */
function headingsOf(text: string): string[] {
  const headings = [...text.replaceAll(FENCE, '').matchAll(/^#+ (.+)$/gm)].map(([, h]) => h ?? '')
  return headings.map((h) =>
    h
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** The rows below the table head that begins with these cells, without code marks and quotes. */
function tableOf(text: string, ...head: readonly string[]): string[][] {
  const lines = text.split('\n').map((line) => line.trim())
  const start = lines.findIndex((line) => {
    const cells = line.startsWith('|') ? cellsOf(line) : []
    return head.every((cell, i) => cells[i] === cell)
  })
  assert.ok(start >= 0, `no table with ${head.join(', ')}`)
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map(cellsOf)
}

function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1)
  return cells.map((cell) => cell.replace(/[`\\]/g, '').trim())
}

/** The part of a source from where `name` begins to the end of that statement. */
function block(source: string, name: string): string {
  const start = source.indexOf(name)
  assert.ok(start >= 0, `no ${name}`)
  return source.slice(start, source.indexOf('\n\n', start))
}

/** Compiles each text as a module of its own that uses this package; gives what the compiler says. */
function compile(texts: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-docs-'))
  try {
    const { compilerOptions } = JSON.parse(read('tsconfig.json'))
    const aliases = Object.entries<string[]>(compilerOptions.paths)
    const absolute = aliases.map(([name, targets]) => [name, targets.map((t) => join(root, t))])
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { paths: Object.fromEntries(absolute) },
      include: ['*.mts'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    for (const [i, text] of texts.entries()) writeFileSync(join(folder, `${i}.mts`), text)
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    return spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' }).stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The lines of a shell block, or the one of a code span, that are for npm or for our command. */
function toCommands(text: string, path: string): Found[] {
  const lines = text.replaceAll(/\\\n\s*/g, '').split('\n')
  return lines
    .map((line) => line.trim().replace(/^(?:[A-Z_]+=\S* )+/, ''))
    .filter((line) => /^(npm (start|test|run)|(npx )?entrance)( |$)/.test(line))
    .map((line) => ({ path, text: line }))
}

/** What is wrong with a command line; undefined when nothing is. */
function findFault(line: string): string | undefined {
  // A comment of the shell's is none of its arguments.
  const [command = ''] = line.split(/\s#\s/)
  const words = [...command.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word)
  if (words[0] === 'npm') {
    const rest = words[1] === 'run' ? words.slice(2).filter((word) => word !== '--silent') : words
    const script = words[1] === 'run' ? rest[0] : words[1]
    const { scripts } = JSON.parse(read('package.json'))
    if (!Object.hasOwn(scripts, script ?? '')) return `there is no script ${script}`
    return script === 'entrance' ? findArgumentFault(rest.slice(2)) : undefined
  }
  return findArgumentFault(words.slice(words.indexOf('entrance') + 1))
}

function findArgumentFault(words: readonly string[]): string | undefined {
  let command: Command = createProgram()
  const values: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string
    const next = values.length === 0 && command.commands.find((one) => one.name() === word)
    if (next) command = next
    else if (word.startsWith('-')) {
      const [name] = word.split('=')
      const option = command.options.find(({ long, short }) => long === name || short === name)
      if (!option && word !== '--help') return `${command.name()} has no option ${word}`
      const hasValue = option?.required || (option?.optional && !words[i + 1]?.startsWith('-'))
      if (hasValue && !word.includes('=')) i++
    } else if (command.commands.length > 0 && word !== 'help') return `there is no command ${word}`
    else values.push(word)
  }
  const takesMore = command.registeredArguments.some((argument) => argument.variadic)
  const { length } = command.registeredArguments
  return values.length > length && !takesMore && words[0] !== 'help' ? 'too much' : undefined
}

/** Every command that does something, by its whole name. */
function leaves(command: Command, prefix = ''): [string, Command][] {
  const name = `${prefix}${command.name()}`
  const below = command.commands.flatMap((one) => leaves(one, `${name} `))
  // One that has others below it may do something itself, as its options show.
  const isOwn = below.length === 0 || (command.parent !== null && command.options.length > 0)
  return isOwn ? [[name, command], ...below] : below
}

function optionsOn(command: Command): string[] {
  const names = command.options.map((option) => option.long as string)
  return names.length > 0 ? names.toSorted() : ['']
}

/** Names and defaults of an options type, as its doc comments have them. */
function optionsOf(type: string): string[][] {
  const source = read('src/core/options.ts')
  const start = source.indexOf(`export type ${type} = {`)
  const body = source.slice(start, source.indexOf('\n}', start))
  const fields = [...body.matchAll(/\/\*\*([\s\S]*?)\*\/\s+(\w+)(\??):/g)]
  assert.ok(fields.length > 2)
  return fields.map(([, comment = '', name = '', optional]) => {
    const value = /@default ([\s\S]+)$/.exec(comment.replaceAll(/\s*\n\s*\*\s*/g, ' '))?.[1]
    return [name, optional ? (value ?? '').trim().replaceAll('`', '') : 'required']
  })
}

/** Every variable that the command reads; of a name in both cases, the capitals. */
function variablesRead(): string[] {
  const pattern = /\benv\.(\w+)|readPort\('(\w+)'|\.env\('(\w+)'\)/g
  const sources = globSync('src/cli/**/*.ts', { cwd: root }).map(read)
  const names = sources.flatMap((source) =>
    [...source.matchAll(pattern)].map(([, a, b, c]) => (a ?? b ?? c ?? '').toUpperCase()),
  )
  return [...new Set(names)].filter((name) => name !== 'TS').toSorted()
}
