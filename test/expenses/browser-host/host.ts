/**
 * What a host does in a browser, on the package's own bridge: it shows a page in a frame, hands it
 * what a tool was given and answered, and passes on the tools that the page calls.
 */
import {
  AppBridge,
  type McpUiHostCapabilities,
  type McpUiHostContext,
  PostMessageTransport,
} from '@modelcontextprotocol/ext-apps/app-bridge'

type CallTool = (params: { name: string }) => unknown

/** How a test opens the page. */
export type ViewOptions = {
  /** Of the frame: the page itself, or a proxy that writes `html` into a frame of its own. */
  url: string
  html?: string
  sandbox: string
  capabilities: McpUiHostCapabilities
  context: McpUiHostContext
  width: number
}

declare global {
  var callTool: CallTool | undefined
  var host: ReturnType<typeof createHost>
}

function createHost() {
  const sizes: { width?: number | undefined; height?: number | undefined }[] = []
  let bridge: AppBridge | undefined
  return {
    sizes,
    get bridge() {
      if (!bridge) throw new Error('No page is open.')
      return bridge
    },
    /** Resolves once the page has connected. */
    async open(options: ViewOptions): Promise<void> {
      const frame = newFrame(options)
      const { capabilities, context: hostContext } = options
      bridge = new AppBridge(null, { name: 'test host', version: '1' }, capabilities, {
        hostContext,
      })
      const initialized = new Promise<void>((resolve) => {
        if (bridge) bridge.oninitialized = () => resolve()
      })
      bridge.oncalltool = async (params) => (await globalThis.callTool?.(params)) as never
      bridge.onsizechange = (size) => {
        sizes.push(size)
        if (size.height !== undefined) frame.style.height = `${size.height}px`
      }
      bridge.onrequestdisplaymode = async ({ mode }) => {
        await bridge?.sendHostContextChange({ displayMode: mode })
        return { mode }
      }
      const proxied = new Promise<void>((resolve) => {
        bridge?.setNotificationHandler(
          'ui/notifications/sandbox-proxy-ready',
          { params: ANY },
          () => resolve(),
        )
      })
      document.body.append(frame)
      const view = frame.contentWindow as Window
      await bridge.connect(new PostMessageTransport(view, view))
      frame.src = options.url
      if (options.html) {
        await proxied
        await bridge.sendSandboxResourceReady({ html: options.html })
      }
      await initialized
    },
    /** Sends what may be no message of the protocol at all. */
    send(message: unknown): void {
      document.querySelector('iframe')?.contentWindow?.postMessage(message, '*')
    },
    /** Sends messages of the protocol to the page from a frame beside it. */
    async sendFromBeside(messages: readonly (readonly [string, unknown])[]): Promise<void> {
      const other = document.createElement('iframe')
      other.title = 'beside'
      other.srcdoc = '<!doctype html><title>beside</title>'
      const loaded = new Promise((resolve) => other.addEventListener('load', resolve))
      document.body.append(other)
      await loaded
      // By a script in it, so that their source is its window and not this one.
      const script = document.createElement('script')
      script.text = `for (const [method, params] of ${JSON.stringify(messages)}) {
        parent.frames[0].postMessage({ jsonrpc: '2.0', method, params }, '*')
      }`
      other.contentDocument?.body.append(script)
    },
  }
}

/** A schema that takes anything. */
const ANY = {
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: (value: unknown) => ({ value: value as object }),
  },
}

function newFrame({ sandbox, width }: ViewOptions): HTMLIFrameElement {
  const frame = document.createElement('iframe')
  frame.title = 'page'
  frame.setAttribute('sandbox', sandbox)
  frame.style.cssText = `border: 0; display: block; width: ${width}px; height: 10px`
  return frame
}

globalThis.host = createHost()
