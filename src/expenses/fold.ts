/**
 * A text as it is searched: small and capital letters of any alphabet alike, and accents however
 * they are encoded. Made here and not by the database, so that each finds the same.
 */
export function foldText(text: string): string {
  // Twice, since ẞ has a small letter only, ß two capital ones, and Σ two small ones.
  return text.normalize('NFC').toLowerCase().toUpperCase().normalize('NFC')
}
