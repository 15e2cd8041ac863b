import { App, type McpUiHostContext } from '@modelcontextprotocol/ext-apps'
import { startPage } from './page.ts'

const app = new App(
  { name: 'spending', title: 'Spending', version: '1.0.0' },
  { availableDisplayModes: ['inline', 'fullscreen'] },
)
const page = startPage({
  summarize: (args) => app.callServerTool({ name: 'summarize_expenses', arguments: args }),
  setMode: async (mode) => (await app.requestDisplayMode({ mode })).mode,
})

// Before `connect`: the host may send them at once.
app.ontoolinput = ({ arguments: args }) => page.expect(args)
app.ontoolinputpartial = ({ arguments: args }) => page.expect(args)
app.ontoolresult = (result) => page.show(result)
app.ontoolcancelled = ({ reason }) => page.fail('This was cancelled', reason ?? '')
app.onhostcontextchanged = () => page.follow(contextOf())
app.onteardown = () => {
  page.stop()
  return {}
}
// A message that is none of the protocol's never gets to the handlers above.
app.onerror = () => page.distrust()

app.connect().then(
  () => page.open(contextOf(), app.getHostCapabilities()?.serverTools !== undefined),
  () => page.fail('The conversation does not answer', 'Open it again to see the figures.'),
)

function contextOf(): McpUiHostContext {
  return app.getHostContext() ?? {}
}
