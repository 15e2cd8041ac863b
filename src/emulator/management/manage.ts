import { randomBytes } from 'node:crypto'
import { html } from '../../http/html.ts'
import type { Call } from '../call.ts'
import { isCrossSite } from '../control/access.ts'
import type { Collection, Item } from '../directory-changes.ts'
import { type Page, pageResponse } from '../pages/layout.ts'
import { browserCookie } from '../sign-in/browser.ts'
import {
  type Actions,
  GRANT_ACTIONS,
  ManagementError,
  POLICY_ACTIONS,
  TENANT_ACTIONS,
  USER_ACTIONS,
} from './actions.ts'
import { APPLICATION_ACTIONS } from './application-actions.ts'
import { applicationPage } from './application-page.ts'
import { homePage } from './home-page.ts'
import { tenantPage } from './tenant-page.ts'
import { userPage } from './user-page.ts'
import { HOME_LINK, type Notice, type View } from './view.ts'

/** GET /: everything that is in the directory. */
export async function showHome(call: Call): Promise<Response> {
  return respond(call, homePage)
}

/** GET and POST /_directory/{kind}/{id}: one thing, and what can be changed about it. */
export async function manage(call: Call): Promise<Response> {
  const [name = '', id = ''] = call.segment.split('/')
  const resource = RESOURCES.get(name)?.(call, id)
  if (!resource) return pageResponse(missingPage())
  if (call.request.method !== 'POST') {
    return resource.page ? respond(call, resource.page) : pageResponse(missingPage())
  }
  const refusal = await findRefusal(call)
  if (refusal !== undefined) return pageResponse(refusedPage(refusal))
  const { page = homePage } = resource
  try {
    const result = resource.act(call.form.get('action') ?? '')
    call.sts.save()
    // A secret goes into no address; whatever else happened, a reload must not do it again.
    if (typeof result !== 'string') return respond(call, page, result)
    return redirect(call, resource.page ? `/_directory/${call.segment}` : '/', result)
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error
    return respond(call, page, { text: error.message, isError: true })
  }
}

async function redirect({ sts }: Call, path: string, text: string): Promise<Response> {
  // Sealed, so that no link can put words into this page's mouth.
  const location = `${path}?notice=${await sts.sealer.seal('notice', { text })}`
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } })
}

function openNotice({ sts, query }: Call): Promise<Notice | undefined> {
  return sts.sealer.open<Notice>('notice', query.get('notice') ?? '')
}

type Resource = {
  /** Undefined for what has no page of its own. */
  readonly page: ((view: View) => Page) | undefined
  readonly act: (action: string) => Notice | string
}

/** A kind of thing: how to find one, show it and change it. */
function kind<C extends Collection>(
  collection: C,
  actions: Actions<Item<C>>,
  page?: (view: View, item: Item<C>) => Page,
): (call: Call, id: string) => Resource | undefined {
  return ({ sts, form }, id) => {
    const items: readonly Item<C>[] = sts.directory[collection]
    const item = items.find((one) => one.id === id)
    if (!item) return undefined
    return {
      page: page && ((view) => page(view, item)),
      act: (name) => {
        const action = actions.get(name)
        if (!action) throw new ManagementError('This cannot be done here.')
        const notice = action(item, form, sts)
        // It may have been taken out.
        if (sts.directory[collection].some((one) => one.id === id)) sts.keep(collection, item)
        return notice
      },
    }
  }
}

const RESOURCES = new Map<string, (call: Call, id: string) => Resource | undefined>([
  ['tenants', kind('tenants', TENANT_ACTIONS, tenantPage)],
  ['users', kind('users', USER_ACTIONS, userPage)],
  ['applications', kind('applications', APPLICATION_ACTIONS, applicationPage)],
  ['consents', kind('oauth2PermissionGrants', GRANT_ACTIONS)],
  ['policies', kind('conditionalAccessPolicies', POLICY_ACTIONS)],
])

async function respond(
  call: Call,
  render: (view: View) => Page,
  notice?: Notice,
): Promise<Response> {
  const { sts, browser, segment, access } = call
  const browserId = browser.id ?? randomBytes(16).toString('base64url')
  const token = access.isLocal ? await sts.sealer.seal('manage', { browserId }) : undefined
  const path = `/_directory/${segment}`
  const shown = notice ?? (await openNotice(call))
  const page = render({ directory: sts.directory, path, token, now: sts.now(), notice: shown })
  const response = pageResponse(shown?.isError ? { ...page, status: 400 } : page)
  if (browser.id === undefined) response.headers.append('set-cookie', browserCookie(sts, browserId))
  return response
}

/** Why a form is not heeded. */
async function findRefusal(call: Call): Promise<string | undefined> {
  const { sts, request, form, browser, access } = call
  if (!access.isLocal) {
    return 'The directory is changed only on the machine that the emulator runs on, while nobody else can reach it.'
  }
  if (isCrossSite(request)) return 'The form came from another site.'
  const sealed = await sts.sealer.open<{ browserId: string }>('manage', form.get('token') ?? '')
  const isOurs = sealed !== undefined && sealed.browserId === browser.id
  return isOurs ? undefined : 'The form is not from a page that this browser was shown.'
}

function refusedPage(why: string): Page {
  const title = 'Nothing was changed'
  return { title, status: 403, body: html`<h1>${title}</h1><p role="alert">${why}</p>${HOME_LINK}` }
}

function missingPage(): Page {
  const title = 'Not in the directory'
  const body = html`<h1>${title}</h1><p>There is nothing at this address, or not any more.</p>${HOME_LINK}`
  return { title, status: 404, body }
}
