import { readFile } from 'node:fs/promises'
import type { McpServer } from '@modelcontextprotocol/server'

/** Where the page that shows a summary in the conversation is read (MCP Apps, 2026-01-26). */
export const SPENDING_APP_URI = 'ui://expenses/spending.html'

/** What a tool says so that its answer is shown on the page; the second key is for older hosts. */
export const SPENDING_APP_META = {
  ui: { resourceUri: SPENDING_APP_URI },
  'ui/resourceUri': SPENDING_APP_URI,
}

const MIME_TYPE = 'text/html;profile=mcp-app'

// No `csp`: the host then lets it reach nothing, which is all that it needs.
const UI_META = { ui: { prefersBorder: true } }

// The page changes only with the server, and is the same for everybody; but behind the gate.
const CACHE_HINT = { ttlMs: 3_600_000, cacheScope: 'private' } as const

// From `src` and from `dist` the same file.
const PAGE = new URL('../../dist/expenses/app/spending.html', import.meta.url)

/** Registers the page; it is read from the disk when somebody asks for it. */
export function registerSpendingApp(server: McpServer, page: URL = PAGE): void {
  server.registerResource(
    'spending',
    SPENDING_APP_URI,
    {
      title: 'Spending',
      description: 'The page that shows summarize_expenses in the conversation: for people.',
      mimeType: MIME_TYPE,
      annotations: { audience: ['user'] },
      cacheHint: CACHE_HINT,
      _meta: UI_META,
    },
    async () => ({
      contents: [
        { uri: SPENDING_APP_URI, mimeType: MIME_TYPE, text: await readPage(page), _meta: UI_META },
      ],
    }),
  )
}

async function readPage(page: URL): Promise<string> {
  try {
    return await readFile(page, 'utf8')
  } catch (error) {
    throw new Error(
      'The page is not there: it was not built. `npm run build` in a clone makes it.',
      {
        cause: error,
      },
    )
  }
}
