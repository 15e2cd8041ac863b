import { type Defence, defencesOf } from './defence.ts'

const ASKED = ['cli/chat/ask-to-run']
const FOLDER = ['cli/chat/model-dotenv']

/** What a model, a server or a folder says to somebody's own terminal. */
export const CHAT_DEFENCES: readonly Defence[] = [
  ...defencesOf('cli/chat/ask-to-run.ts', ASKED, [
    [
      'chat: what was typed before the question is no answer',
      '  await forgetTypedAhead(terminal)\n',
      '',
    ],
    [
      'chat: the question names the call again',
      '`Call ${printableLine(name)}${above}. Do it?`',
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
        'if (!isMixed || (url && isLoopback(url))) return',
        'if (!isMixed || url) return',
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
]
