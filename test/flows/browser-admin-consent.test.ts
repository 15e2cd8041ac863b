import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { installApplication } from '../support/application.ts'
import { launchChromium, withoutChromium } from '../support/chromium.ts'
import { findOverflow, measureContrasts } from '../support/measure.ts'
import { allow, openBrowser } from '../support/person.ts'
import { startEntrance } from '../support/start.ts'

suite('where an administrator has to consent', { skip: withoutChromium }, () => {
  test('the page is readable in Chromium, narrow and wide, light and dark, and leads there', async () => {
    await using chromium = await launchChromium()
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium, { reducedMotion: 'reduce' })
    const { directory } = server.emulator
    for (const tenant of directory.tenants) tenant.allowUserConsent = false
    const page = await browser.newPage()
    await page.goto(application.start().url.href)
    await allow(page)
    await page.getByRole('button', { name: 'Bob' }).click()
    await page.getByText(/Return to the application without/).click()
    const link = page.getByRole('link', { name: /\/v2\.0\/adminconsent\?/ })
    await link.waitFor()
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 900 })
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

    // The administrator, who has another browser.
    await page.context().clearCookies()
    await link.click()
    await page.getByRole('button', { name: 'Ada' }).click()
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByRole('heading', { name: 'Consent is given' }).waitFor()
    assert.equal(directory.oauth2PermissionGrants.at(-1)?.consentType, 'AllPrincipals')
  })
})
