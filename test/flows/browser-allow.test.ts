import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SEED } from '../../src/emulator/emulator.ts'
import { installApplication } from '../support/application.ts'
import { launchChromium, withoutChromium } from '../support/chromium.ts'
import { findOverflow, measureContrasts } from '../support/measure.ts'
import { allow, openBrowser } from '../support/person.ts'
import { startEntrance } from '../support/start.ts'

const CONTACT =
  'the-help-desk-of-the-whole-organisation-and-its-subsidiaries@support.entrance.example'

suite('whoever is not let in', { skip: withoutChromium }, () => {
  test('reads so in Chromium, narrow and wide, light and dark, and gets back to the application', async () => {
    await using chromium = await launchChromium()
    await using server = await startEntrance({
      entrance: { allow: { users: [SEED.bob], contact: CONTACT } },
    })
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium, { reducedMotion: 'reduce' })
    const page = await browser.newPage()
    const authorization = application.start()
    await page.goto(authorization.url.href)
    await allow(page)
    await page.getByRole('button', { name: 'Alice' }).click()
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByRole('heading', { name: 'This account is not let in' }).waitFor()

    await page.getByText('Details').click()
    assert.ok(await page.getByText(SEED.alice).isVisible())
    const contact = page.getByRole('link', { name: CONTACT })
    assert.equal(await contact.getAttribute('href'), `mailto:${CONTACT}`)
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      assert.deepEqual(await findOverflow(page), [], `${width} pixels`)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        const contrasts = await measureContrasts(page)
        assert.ok(contrasts.length > 5, `${contrasts.length} texts`)
        assert.deepEqual(
          contrasts.filter(({ ratio }) => ratio < 4.5),
          [],
          colorScheme,
        )
      }
    }

    await page.getByRole('link', { name: 'Return to the application' }).click()
    const answer = await application.response()
    assert.deepEqual(
      [answer.get('error'), answer.get('state'), answer.get('code')],
      ['access_denied', authorization.state, null],
    )
    assert.match(answer.get('error_description') ?? '', /\(rule 'users'\)/)
  })
})
