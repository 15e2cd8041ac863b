import { html } from '../../http/html.ts'
import type { Tenant } from '../directory.ts'
import type { Page } from '../pages/layout.ts'
import { actionForm, HOME_LINK, renderNotice, type View } from './view.ts'

/** A tenant: who may consent, who may register applications. */
export function tenantPage(view: View, tenant: Tenant): Page {
  const { displayName, id, domains, kind } = tenant
  const isOff = view.token === undefined
  const check = (name: string, label: string, isOn: boolean) =>
    html`<label class="choice"><input type="checkbox" name="${name}" value="on"${
      isOn && html` checked`
    }${isOff && html` disabled`}> ${label}</label>`
  const choices = html`${check('allowUserConsent', 'People may consent to applications themselves (else AADSTS90094)', tenant.allowUserConsent)}
${check('allowConsentRequests', 'They may ask an administrator to (AADSTS90095)', tenant.allowConsentRequests)}
${check('allowUserAppRegistration', 'Members may register applications', tenant.allowUserAppRegistration)}
${check('blockSecrets', 'Applications may have no client secrets', tenant.secretPolicy.isBlocked)}`
  const body = html`${HOME_LINK}<h1>${displayName}</h1>
${renderNotice(view)}
<dl><dt>Tenant id</dt><dd><code>${id}</code></dd>
<dt>Domains</dt><dd>${domains.join(', ')}</dd><dt>Kind</dt><dd>${kind}</dd></dl>
<h2>Policies</h2>
${
  isOff
    ? choices
    : actionForm(
        view,
        'policies',
        html`${choices}<div class="actions"><button class="primary">Save</button></div>`,
      )
}`
  return { title: displayName, body, width: 'full' }
}
