import { EXPIRING } from '../../registration/compare-credential.ts'
import { readCertificate } from '../../self-signed-certificate.ts'
import type { Check, Facts } from '../check.ts'
import { error, ok, warning } from '../finding.ts'

/** Of a secret only Entra knows when it ends; a certificate says so itself. */
export const certificateCheck: Check = {
  id: 'entra.certificate',
  title: 'When the certificate of ENTRANCE_CREDENTIAL ends, if there is one',
  faults: new Map([
    ['expiring', 'The certificate ends within 30 days.'],
    ['expired', 'The certificate has ended.'],
  ]),
  needs: ['config.entra'],
  run: ({ entra }: Facts, io) => {
    const { credential } = entra
    if (credential.kind !== 'certificate') return { findings: [] }
    const { endDateTime } = readCertificate(credential.certificate)
    const left = Date.parse(endDateTime) - io.now()
    const date = endDateTime.slice(0, 10)
    if (left > EXPIRING) return { findings: [ok(id, `The certificate is good until ${date}.`)] }
    const details = {
      expected: 'more than 30 days from now',
      found: date,
      why: 'From then on nobody can sign in (AADSTS700027).',
      portal: [
        'Make another certificate, upload it under Certificates & secrets → Certificates, then name its file in ENTRANCE_CREDENTIAL. The old one stays until then.',
      ],
      command: 'entrance setup --credential certificate',
      docs: 'setup.md',
      canFix: true as const,
    }
    const finding =
      left > 0
        ? warning(id, 'expiring', `The certificate ends on ${date}.`, details)
        : error(id, 'expired', `The certificate ended on ${date}.`, details)
    return { findings: [finding] }
  },
}

const { id } = certificateCheck
