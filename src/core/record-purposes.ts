/**
 * What each kind of record is sealed for, by what its key begins with. Where that names the binding,
 * the record opens for one Entra configuration only.
 */
export function purposesOf(
  binding: string,
): readonly (readonly [prefix: string, purpose: string])[] {
  return [
    ['grant:', `grant ${binding}`],
    ['consent:', `consent ${binding}`],
    ['claims:', `claims ${binding}`],
    ['client:', 'adopted client'],
    ['barred:', 'barred'],
    ['seen:', 'seen'],
  ]
}
