/**
 * Whether a browser asks for something to show: it names HTML, which programs do not. `*` in its
 * place is what those say that take anything.
 */
export function wantsPage(request: Request): boolean {
  return (request.headers.get('accept') ?? '').includes('text/html')
}
