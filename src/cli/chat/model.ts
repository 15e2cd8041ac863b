import type { LanguageModel } from 'ai'

/** A model to talk to. */
export type ChatModel = {
  readonly model: LanguageModel
  /** For the person, such as `gpt-4.1 of Azure OpenAI at contoso.openai.azure.com`. */
  readonly title: string
  /** What a person should know before they say anything. */
  readonly warning?: string
}
