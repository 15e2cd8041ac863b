import type {
  Client,
  Prompt,
  Resource,
  ResourceTemplateType,
  Tool,
} from '@modelcontextprotocol/client'
import { printableLine } from '../terminal.ts'

/** How long a name may be to be one, in characters. */
export const MAX_NAME = 128

/** What a server has to give, as it is now. */
export type Offer = {
  readonly name: string
  readonly instructions: string | undefined
  readonly tools: readonly Tool[]
  readonly prompts: readonly Prompt[]
  readonly resources: readonly Resource[]
  readonly templates: readonly ResourceTemplateType[]
  readonly canComplete: boolean
}

/** Asks a server what it has. The SDK keeps the lists for as long as the server says they hold. */
export async function fetchOffer(client: Client, signal: AbortSignal): Promise<Offer> {
  const { tools, prompts, resources, completions } = client.getServerCapabilities() ?? {}
  const options = { signal }
  // Each list is empty where the server says nothing of it; asked for all the same, some refuse.
  const [toolList, promptList, resourceList, templateList] = await Promise.all([
    tools ? client.listTools(undefined, options) : { tools: [] },
    prompts ? client.listPrompts(undefined, options) : { prompts: [] },
    resources ? client.listResources(undefined, options) : { resources: [] },
    resources ? client.listResourceTemplates(undefined, options) : { resourceTemplates: [] },
  ])
  const about = client.getServerVersion()
  return {
    // It stands in the model's instructions, too, before the words that say whose they are.
    name: printableLine(about?.title ?? about?.name ?? 'the server').slice(0, MAX_NAME),
    instructions: client.getInstructions(),
    tools: toolList.tools,
    prompts: promptList.prompts,
    resources: resourceList.resources,
    templates: templateList.resourceTemplates,
    canComplete: completions !== undefined,
  }
}
