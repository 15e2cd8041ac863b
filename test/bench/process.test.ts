import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { cpuSeconds, start } from '../../bench/kit/process.ts'
import { allowedProcessors } from '../../bench/kit/processors.ts'

const skip = process.platform !== 'linux' && 'There is no /proc.'
const kit = join(import.meta.dirname, '..', '..', 'bench', 'kit')
const folder = mkdtempSync(join(tmpdir(), 'entrance-process-'))
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

suite('programs of the bench', { timeout: 30_000 }, () => {
  test('the processors that may be used are those that the kernel lists', () => {
    const of = (list: string) => allowedProcessors(`Name:\tnode\nCpus_allowed_list:\t${list}\n`)
    assert.deepEqual(of('0-1'), [0, 1])
    assert.deepEqual(of('2-3,7'), [2, 3, 7])
    assert.deepEqual(of('5'), [5])
    assert.deepEqual(allowedProcessors('Name:\tnode\n'), [])
  })

  test('without taskset a program is started all the same, and it is said that nothing is kept to a processor', {
    skip,
  }, () => {
    const at = (file: string) => JSON.stringify(pathToFileURL(join(kit, file)).href)
    const program = `
      import { start } from ${at('process.ts')}
      import { pinTo, whyUnpinned } from ${at('processors.ts')}
      const command = process.execPath
      await using running = await start({ command, args: ['-e', ''], cpu: 0 }, async () => true)
      console.log(pinTo(0).length, whyUnpinned())
    `
    // Nothing is found there.
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { PATH: folder },
    })
    assert.match(stdout, /^0 there is (no taskset|one processor)/, stderr)
  })

  test('what cannot be started is told at once, and not waited for', async () => {
    const command = join(folder, 'nothing')
    const starting = start({ command, args: [] }, async () => false)
    await assert.rejects(starting, /nothing +could not be started \(.*ENOENT\)/)
  })

  test('what ends before it is ready is told with its status and its words', async () => {
    const args = ['-e', 'console.error("no port"); process.exit(3)']
    const starting = start({ command: process.execPath, args }, async () => false)
    await assert.rejects(starting, /ended \(3\):\nno port/)
  })

  test('processor time is told to less than the 10 ms of a tick', { skip }, () => {
    const steps = new Set<number>()
    for (const end = performance.now() + 60; performance.now() < end; ) {
      steps.add(Math.round(cpuSeconds(process.pid) * 1e6) % 10_000)
    }
    assert.ok([...steps].some((microseconds) => microseconds > 0))
  })

  test('what a thread has used is still told when it has ended', { skip }, async () => {
    const busy = 'const end = performance.now() + 100; while (performance.now() < end);'
    const before = cpuSeconds(process.pid)
    const own = process.cpuUsage()
    await once(new Worker(busy, { eval: true }), 'exit')
    const { user, system } = process.cpuUsage(own)
    const told = cpuSeconds(process.pid) - before
    // Two ticks, one for each of user and system, at either end.
    assert.ok(told > (user + system) / 1e6 - 0.04, `${told} of ${(user + system) / 1e6}`)
  })
})
