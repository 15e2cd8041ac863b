import { parseDescription } from '../../aadsts/parse.ts'
import { AADSTS } from '../../aadsts/table.ts'
import { html } from '../../http/html.ts'
import { page, successMark } from '../../http/page.ts'
import type { Context } from '../context.ts'
import { EntraError } from '../errors.ts'
import { errorPage } from '../pages/error-page.ts'
import type { Params } from '../params.ts'

/** Marks an administrator's answer. It belongs to no sign-in and does nothing here, so anybody may know it. */
const STATE = 'admin-consent'

/** Where an administrator can consent for everybody, if that would help against this error. */
export async function findConsentAddress(
  { code }: EntraError,
  { entra }: Context,
): Promise<string | undefined> {
  const cures: readonly string[] = AADSTS.get(code ?? 0)?.cures ?? []
  if (!cures.includes('admin-consent')) return undefined
  try {
    return (await entra.adminConsentUrl(STATE))?.href
  } catch (error) {
    if (error instanceof EntraError) return undefined
    throw error
  }
}

/** Whether an answer is about an administrator's consent: ours, or one that was started elsewhere. */
export function isAdminConsent(params: Params): boolean {
  if (params.get('state') === STATE) return true
  return params.get('admin_consent') !== undefined && params.get('code') === undefined
}

/**
 * What an administrator is shown who comes back from Entra, where what they answered is kept. Anybody
 * could have led a person here, so that nothing is said but what this server has to say.
 */
export function adminConsentPage(params: Params): Response {
  const isGiven = /^true$/i.test(params.get('admin_consent') ?? '') && !params.get('error')
  if (isGiven) return givenPage()
  const { code } = parseDescription(params.get('error_description'))
  return errorPage({
    title: 'Consent was not given',
    status: 400,
    message: 'An administrator has not consented, or Entra did not let them.',
    cure: 'Open the address again with an account that may consent for everybody, such as that of a Cloud Application Administrator.',
    details: [['Entra error', code ? `AADSTS${code}` : undefined]],
  })
}

function givenPage(): Response {
  return page({
    title: 'Consent is given',
    body: html`<main class="card centered">
${successMark}
<h1>Consent is given</h1>
<p class="lead">People of the organisation can sign in now. Whoever was waiting for it starts the
sign-in again in their application.</p>
<p class="fine-print">You can close this page.</p>
</main>`,
  })
}
