import { type Defence, defencesOf } from './defence.ts'

const ASKED = ['cli/chat/ask-to-run']
const FOLDER = ['cli/chat/model-dotenv']

/** What a model, a server or a folder says to somebody's own terminal. */
export const CHAT_DEFENCES: readonly Defence[] = [
  ...defencesOf(
    'cli/chat/known-things.ts',
    ['cli/chat/units'],
    [
      [
        'chat: a thing is shown in short',
        'things.set(value.id, inShort(value))',
        'things.set(value.id, inShort(value) && value)',
      ],
    ],
  ),
  ...defencesOf('cli/chat/ask-to-run.ts', ASKED, [
    [
      'chat: what was typed before the question is no answer',
      '  await forgetTypedAhead(terminal)\n',
      '',
    ],
    [
      'chat: the question names the call again',
      '`Call ${printableLine(name)}${own}${above}. Do it?`',
      "above === name ? above : 'Do it?'",
    ],
  ]),
  ...defencesOf('cli/chat/tools.ts', ASKED, [
    [
      'chat: a tool that says nothing of itself is asked about',
      'annotations.destructiveHint !== false',
      'annotations.destructiveHint === true',
    ],
  ]),
  ...defencesOf(
    'cli/chat/show-call.ts',
    ['cli/chat/units'],
    [
      [
        'chat: no value reaches the left edge of the window',
        'fold(line, width - 2).map(',
        'fold(line, width ** 9).map(',
      ],
    ],
  ),
  ...defencesOf(
    'cli/terminal.ts',
    ['cli/terminal'],
    [
      [
        'terminal: nothing turns the direction of writing',
        '\\u2028\\u2029\\p{Bidi_Control}]/gu',
        '\\u2028\\u2029]/gu',
      ],
      ['terminal: nothing hides in JSON', '\\u2028\\u2029\\p{Cf}]/gu', '\\u2028\\u2029]/gu'],
    ],
  ),
  ...defencesOf(
    'cli/chat/model-fetch.ts',
    ['cli/chat/model-talk'],
    [['chat: a key follows no redirect', "redirect: 'manual'", "redirect: 'follow'"]],
  ),
  ...defencesOf(
    'cli/chat/model-providers.ts',
    ['cli/chat/model-dotenv'],
    [
      [
        "chat: a key goes to no address of a folder's choice",
        'if (!isMixed) return',
        'if (!isMixed || option) return',
      ],
    ],
  ),
  ...defencesOf(
    'cli/chat/model.ts',
    ['cli/chat/model-dotenv'],
    [
      [
        "chat: that a folder's .env has chosen the model is said",
        "isFromDotEnv(ADDRESSES.get(provider) ?? '')",
        'provider === undefined',
      ],
    ],
  ),
  ...defencesOf(
    'cli/client/fetch.ts',
    ['cli/client/endless'],
    [
      [
        'chat: an answer without an end does not take the memory',
        'if (left >= 0) return out.enqueue(chunk)',
        'if (left >= 0 || chunk) return out.enqueue(chunk)',
      ],
    ],
  ),
  ...defencesOf('cli/child-environment.ts', FOLDER, [
    [
      "a folder's .env runs nothing by other programs",
      'SHARED.test(name) || !isFromDotEnv(name)',
      'SHARED.test(name) || isFromDotEnv(name) !== undefined',
    ],
  ]),
  ...defencesOf('cli/variable-names.ts', FOLDER, [
    [
      "a folder's .env does not choose where a client's file is written",
      "['connect', /^(ENTRANCE_URL|",
      "['connect', /^(ENTRANCE_URL|CODEX_HOME|",
    ],
  ]),
  ...defencesOf('cli/env.ts', FOLDER, [
    [
      "on Windows a folder's .env is known by any letters",
      "process.platform === 'win32' ? name.toUpperCase() : name",
      'name',
    ],
  ]),
  ...defencesOf('cli/chat/model-providers.ts', FOLDER, [
    [
      "chat: a sign-in to Azure is shown to no listener of a folder's choice",
      'const resource = isFolders ? undefined : azureResource(url)',
      'const resource = isFolders && !url ? undefined : azureResource(url)',
    ],
  ]),
  ...defencesOf(
    'cli/client/server-url.ts',
    ['cli/client/server-url', 'cli/chat/model-dotenv'],
    [
      [
        'plain http goes where no proxy stands before',
        'return LOOPBACK_HOSTS.has(url.hostname)',
        'return isLoopback(url)',
      ],
    ],
  ),
  ...defencesOf(
    'cli/connect/config-file.ts',
    ['cli/connect/config-file'],
    [
      [
        'connect: a secret file is secret while it is written',
        'mode: status ? 0o600 : 0o666',
        'mode: 0o666',
      ],
    ],
  ),
]
