/**
 * The one stylesheet of every page that a person sees. It is written inline and allowed by its
 * hash, so a page needs no other request and no other style can act on it: no `style` attributes.
 *
 * A page's body is one `<main class="card">`, in it, in any order:
 *
 * - `p.eyebrow` a short label above the heading, such as the server's name
 * - `h1` the heading, `p.lead` the sentence below it, `p` more text, `h2` a heading within the card
 * - `div.callout` a highlighted box; `div.callout.warning` in amber, `div.callout.neutral` in grey.
 *   In it `p.callout-title` and `p.address`, a monospaced value that wraps anywhere, with the part
 *   that matters most in `strong`
 * - `p.standing` how well somebody is known, `strong` first; `p.standing.verified` with a tick
 * - `ul.entries` a list of things, each with an `h2`, a `dl` and what can be done with it
 * - `div.signed-in` who looks at the page, and the button that ends it
 * - `details.disclosure` with `summary` and either `dl` (names and long values, wrapped anywhere)
 *   or any text
 * - `div.actions` a row of `button.primary`, `button.secondary` and `button.danger` (or
 *   `a.button.primary` …); they stack where the row is too narrow
 * - `textarea.copy` a text to take away, monospaced and wrapped anywhere
 * - `ol.steps` or `ul.steps` what to do, one step an item
 * - `p.fine-print` small print; `code` in it for a reference id
 * - `main.card.centered` centres everything: the result pages, with `successMark` or `errorMark`
 *   of `page.ts` first
 */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #eef1f6; --glow: #dfe6f5; --card: #ffffff; --line: #d5dae3; --control: #7b8494;
  --text: #1a1f29; --muted: #545d6d; --link: #1f51b5;
  --primary: #2457c5; --primary-hover: #1c469f; --on-primary: #ffffff;
  --secondary: #ffffff; --secondary-hover: #eef1f6;
  --info: #edf3ff; --info-line: #a9c1f5; --warning: #fff6e0; --warning-line: #d9a441;
  --neutral: #f4f6f9; --success: #1a7a46; --success-ground: #e3f5ea; --error: #b3261e;
  --error-ground: #fdeceb;
  --shadow: 0 1px 2px rgb(20 30 60 / 6%), 0 12px 40px rgb(20 30 60 / 10%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1118; --glow: #141c2d; --card: #171c26; --line: #2c3442; --control: #768296;
    --text: #e9ecf2; --muted: #a5afbf; --link: #9dbcff;
    --primary: #8fb2ff; --primary-hover: #aec8ff; --on-primary: #0c1730;
    --secondary: #171c26; --secondary-hover: #232b39;
    --info: #18233b; --info-line: #3a5794; --warning: #2c2413; --warning-line: #8f6d23;
    --neutral: #1e2430; --success: #6fd39b; --success-ground: #16301f; --error: #ff9c94;
    --error-ground: #3a1c1a;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 12px 40px rgb(0 0 0 / 40%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html {
  background: var(--ground) no-repeat
    radial-gradient(60rem 30rem at 50% 0, var(--glow), transparent);
  -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
}
body {
  display: grid; grid-template-columns: minmax(0, 1fr); align-items: center;
  justify-items: center; min-height: 100vh; min-height: 100dvh; margin: 0;
  padding: clamp(0.75rem, 4vw, 2.5rem); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans",
    "Liberation Sans", Arial, sans-serif;
}
.card {
  width: 100%; max-width: 33rem; padding: clamp(1.25rem, 6vw, 2.5rem); background: var(--card);
  border: 1px solid var(--line); border-radius: 1rem; box-shadow: var(--shadow);
  overflow-wrap: break-word;
}
.card > :first-child { margin-top: 0; }
.card > :last-child, .card > form:last-child > :last-child { margin-bottom: 0; }
h1 { margin: 0 0 0.75rem; font-size: clamp(1.4rem, 5.5vw, 1.75rem); line-height: 1.2;
  letter-spacing: -0.015em; text-wrap: balance; }
h2 { margin: 1.5rem 0 0.5rem; font-size: 1.0625rem; line-height: 1.3; }
p { margin: 0 0 1rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 3px; }
a { color: var(--link); text-underline-offset: 0.15em; }
code, .address, dd { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas,
  "Liberation Mono", monospace; }
code { font-size: 0.9em; overflow-wrap: anywhere; }
.eyebrow { margin-bottom: 0.5rem; color: var(--muted); font-size: 0.875rem; font-weight: 600; }
.lead { color: var(--muted); font-size: 1.0625rem; }
.lead strong { color: var(--text); }
.callout {
  margin: 1.25rem 0; padding: 0.875rem 1rem; background: var(--info);
  border: 1px solid var(--info-line); border-inline-start-width: 4px; border-radius: 0.5rem;
}
.callout.warning { background: var(--warning); border-color: var(--warning-line); }
.callout.neutral { background: var(--neutral); border-color: var(--line); }
.callout > :last-child { margin-bottom: 0; }
.callout-title { margin-bottom: 0.25rem; font-size: 0.9375rem; font-weight: 600; }
.address { font-size: 0.9375rem; line-height: 1.75; word-break: break-all; }
.address strong { font-size: 1.375rem; line-height: 1.3; letter-spacing: -0.02em; }
.standing { color: var(--muted); font-size: 0.9375rem; }
.standing strong { color: var(--text); }
.standing.verified strong { color: var(--success); }
.standing.verified strong::before { content: "✓ "; content: "✓ " / ""; }
.entries { margin: 1.5rem 0 0; padding: 0; border-top: 1px solid var(--line); list-style: none; }
.entries > li { padding: 1.25rem 0 1rem; border-bottom: 1px solid var(--line); }
.entries h2 { margin-top: 0; }
.entries dl { margin: 0 0 1rem; }
.entries dd:not([translate]) { font: inherit; }
.entries .actions { margin: 0; }
.entries button { flex: 0 1 auto; min-height: 2.5rem; padding-block: 0.375rem; }
.signed-in { display: flex; flex-wrap: wrap; gap: 0.75rem 1.25rem; align-items: center;
  justify-content: space-between; margin: 1.5rem 0 1.25rem; }
.signed-in p { flex: 1 1 12rem; margin: 0; overflow-wrap: anywhere; }
.signed-in span { color: var(--muted); font-size: 0.875rem; }
.signed-in .actions { margin: 0; }
.disclosure { margin: 1.25rem 0; border-block: 1px solid var(--line); }
.disclosure + .disclosure { margin-top: -1.25rem; border-top: 0; }
summary {
  display: flex; align-items: center; gap: 0.625rem; padding: 0.75rem 0.25rem; cursor: pointer;
  border-radius: 0.375rem; font-size: 0.9375rem; font-weight: 600; list-style: none;
}
summary::-webkit-details-marker { display: none; }
summary::before {
  content: ""; flex: none; width: 0.5rem; height: 0.5rem; margin-inline: 0.125rem;
  border: solid currentcolor; border-width: 0 2px 2px 0; rotate: -45deg;
}
details[open] > summary::before { rotate: 45deg; }
summary:focus-visible { outline-offset: -3px; }
summary:hover { color: var(--link); }
dl { display: grid; grid-template-columns: minmax(7rem, auto) 1fr; gap: 0.625rem 1rem;
  margin: 0.25rem 0.25rem 1.25rem; font-size: 0.875rem; }
.disclosure > p { margin: 0.25rem 0.25rem 1rem; font-size: 0.9375rem; }
dt { color: var(--muted); }
dd { min-width: 0; margin: 0; font-size: 0.8438rem; overflow-wrap: anywhere; }
dd[translate] { word-break: break-all; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1.5rem 0; }
button, .button {
  display: inline-flex; flex: 1 1 8.5rem; align-items: center; justify-content: center;
  min-height: 2.875rem; padding: 0.625rem 1.25rem; border: 1px solid transparent;
  border-radius: 0.5rem; font: inherit; font-weight: 600; text-align: center;
  text-decoration: none; cursor: pointer;
}
.primary { background: var(--primary); color: var(--on-primary); }
.primary:hover { background: var(--primary-hover); }
.secondary { background: var(--secondary); color: var(--text); border-color: var(--control); }
.secondary:hover { background: var(--secondary-hover); }
.danger { background: var(--secondary); color: var(--error); border-color: currentcolor; }
.danger:hover { background: var(--error-ground); }
.primary:active, .secondary:active, .danger:active { translate: 0 1px; }
.copy {
  display: block; width: 100%; margin: 0 0 1rem; padding: 0.5rem 0.75rem; resize: none;
  background: var(--card); border: 1px solid var(--control); border-radius: 0.375rem;
  color: var(--text); field-sizing: content; font: 0.875rem/1.6 ui-monospace, SFMono-Regular,
    Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere;
}
.disclosure > .copy { margin: 0.25rem 0.25rem 1rem; width: calc(100% - 0.5rem); }
.steps { margin: 0 0 1rem; padding-inline-start: 1.375rem; }
.steps li + li { margin-top: 0.5rem; }
.fine-print { color: var(--muted); font-size: 0.8438rem; }
.centered { text-align: center; }
.centered .callout, .centered .disclosure, .centered .steps { text-align: start; }
.mark { display: block; width: 4rem; height: 4rem; margin-bottom: 1.25rem; border-radius: 50%; }
.centered .mark { margin-inline: auto; }
.mark path { fill: none; stroke: currentcolor; stroke-width: 3.5; stroke-linecap: round;
  stroke-linejoin: round; }
.mark.success { color: var(--success); background: var(--success-ground); }
.mark.error { color: var(--error); background: var(--error-ground); }
@media (max-width: 28rem) {
  dl { grid-template-columns: 1fr; gap: 0.125rem; }
  dd + dt { margin-top: 0.625rem; }
}
@media (prefers-reduced-motion: no-preference) {
  button, .button { transition: background-color 120ms ease; }
  summary::before { transition: rotate 120ms ease; }
  .mark { animation: appear 260ms ease-out; }
  @keyframes appear { from { opacity: 0; scale: 0.8; } }
}
@media (prefers-contrast: more) {
  :root { --muted: var(--text); --line: var(--control); }
}
@media (forced-colors: active) {
  .mark { border: 2px solid CanvasText; }
  .primary { border-color: ButtonText; }
  summary::before { forced-color-adjust: none; color: CanvasText; }
  :focus-visible { outline-color: Highlight; }
}
`

/** The Content-Security-Policy source of {@link PAGE_STYLE}; a test says what it has to be. */
export const PAGE_STYLE_SOURCE = `'sha256-rSEVn0FA7IzWXxSN2SjWVLbX7inZLS5NHaj4TVxGUl4='`
