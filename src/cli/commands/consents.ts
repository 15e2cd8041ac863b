import { type OperatorOptions, show, withOperator } from '../operator/connect.ts'
import { isMeant, plural } from '../operator/output.ts'
import { questionOf, type TargetOptions, targetOf } from '../operator/target.ts'
import type { Terminal } from '../terminal.ts'

/** `entrance consents reset`: people are asked again; nobody is signed out. */
export async function consentsReset(
  options: OperatorOptions & TargetOptions & { yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  const target = targetOf(options)
  const question = questionOf(target, 'Forget the remembered answers')
  if (question && !(await isMeant(question, options, terminal))) return
  await withOperator(options, terminal, async ({ consents }) => {
    const count = await consents.reset(target)
    show({ count }, options, terminal, () =>
      terminal.out(`Forgot ${plural(count, 'remembered answer')}.`),
    )
  })
}
