import { ask, type Failure, type FailureWord, isAnswer } from '../ask.ts'
import type { Check, DoctorIo, EntraFacts, Facts, Outcome } from '../check.ts'
import { type Details, error, ok, skipped, warning } from '../finding.ts'
import { shellUrl } from '../safe-text.ts'

/** Where the tenant's metadata is (OpenID Connect Discovery §4). */
export function discoveryUrl({ authority, tenantId }: EntraFacts): string {
  return `${authority}/${tenantId}/v2.0/.well-known/openid-configuration`
}

/** What can keep this machine from an answer; the same for the login host and for a deployment. */
export const CONNECTION_FAULTS: ReadonlyMap<FailureWord, string> = new Map([
  ['name', 'The name of the host cannot be looked up.'],
  ['refused', 'Nothing listens at that address, or there is no way to it.'],
  ['silent', 'Nothing came within ten seconds.'],
  ['certificate', 'The certificate is not one that this machine trusts for that name.'],
  ['cut', 'The connection was cut before there was an answer.'],
  ['proxy', 'The proxy of HTTPS_PROXY lets nothing through.'],
])

/** What to do about it. */
export function connectionDetails({ word, reason }: Failure, url: string): Details {
  return {
    expected: `an answer of ${new URL(url).origin}`,
    found: reason,
    portal: [CONNECTION_CURES.get(word) as string],
    // The machine's own tools tell what is in the way.
    command: `curl -sS -o /dev/null -w "%{http_code}\\n" ${shellUrl(url)}`,
  }
}

const CONNECTION_CURES: ReadonlyMap<FailureWord, string> = new Map([
  ['name', 'Check the spelling of the host, and the DNS server of this machine or container.'],
  ['refused', 'Check the port, and that the other side runs; then firewalls in between.'],
  ['silent', 'A firewall drops what this machine sends there: open the way out to port 443.'],
  [
    'certificate',
    'If a proxy of the company opens TLS, name its CA certificate in NODE_EXTRA_CA_CERTS; else renew the certificate of that host.',
  ],
  [
    'cut',
    'Something in between cuts the connection: a firewall, or a proxy that HTTPS_PROXY names.',
  ],
  ['proxy', 'Check HTTPS_PROXY, or put the host into NO_PROXY if it can be reached directly.'],
])

const reach: Check = {
  id: 'entra.reach',
  title: 'Name, TLS and proxy on the way to the login host',
  faults: CONNECTION_FAULTS,
  needs: ['config.entra'],
  run: reachLoginHost,
}

async function reachLoginHost({ entra }: Facts, io: DoctorIo): Promise<Outcome> {
  const url = discoveryUrl(entra)
  const discovery = await ask(io, url, { headers: { accept: 'application/json' } })
  if (isAnswer(discovery)) {
    const findings = [ok(reach.id, `${entra.authority} answers.`)]
    return { findings, facts: { discovery } }
  }
  if (entra.isEmulator) {
    const what = `The emulator does not run at ${entra.authority}; serve --emulator starts it.`
    return { findings: [skipped(reach.id, what)] }
  }
  const what = `The login host ${entra.authority} cannot be reached: ${discovery.reason}.`
  const why = 'Nobody can sign in while this server cannot reach Entra.'
  const details = { ...connectionDetails(discovery, url), why }
  return { findings: [error(reach.id, discovery.word, what, details)] }
}

/** By how many seconds clocks may differ before it is said, and before tokens are refused for it. */
const SKEW_NOTED = 60
const SKEW_MAX = 300

const clock: Check = {
  id: 'clock',
  title: "This machine's clock, beside the login host's",
  faults: new Map([
    ['skew', 'The clock is off by more than a minute.'],
    [
      'wrong',
      'The clock is off by more than five minutes: tokens count as expired or not valid yet.',
    ],
  ]),
  needs: ['entra.reach'],
  run: compareClocks,
}

function compareClocks({ discovery }: Facts): Outcome {
  const ahead = discovery?.clockAhead
  if (ahead === undefined) {
    return { findings: [skipped(clock.id, 'The login host does not say what time it is.')] }
  }
  const seconds = Math.abs(ahead)
  if (seconds <= SKEW_NOTED) {
    return { findings: [ok(clock.id, `This clock and the login host's agree within a minute.`)] }
  }
  const isWrong = seconds > SKEW_MAX
  const what = `This machine's clock is ${seconds} seconds ${ahead > 0 ? 'behind' : 'ahead'}.`
  const say = isWrong ? error : warning
  return {
    findings: [
      say(clock.id, isWrong ? 'wrong' : 'skew', what, {
        expected: `${SKEW_NOTED} seconds at most`,
        found: `${seconds} seconds`,
        why: 'Tokens have times in them; at five minutes they begin to be refused (AADSTS700024, 500133).',
        portal: ['Set the clock, and have it kept right: NTP, chrony, systemd-timesyncd.'],
        command: 'timedatectl set-ntp true',
      }),
    ],
  }
}

/** Whether the login host can be asked, and by which clock it answers. */
export const loginHostChecks: readonly Check[] = [reach, clock]
