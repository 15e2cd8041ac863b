import { createHash } from 'node:crypto'

/** The stylesheet of every page; each carries it, for nothing else may be loaded. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #eef2f7; --glow: #d9e6f5; --card: #fff; --text: #1b1b1b; --muted: #5b5f66;
  --line: #d5d9df; --hover: #f1f4f8; --accent: #0067b8; --accent-hover: #005596; --on-accent: #fff;
  --secondary: #e3e6ea; --secondary-hover: #d4d8de; --error: #b00020; --tag: #fff4ce; --tag-text: #6b4e00;
  --shadow: 0 2px 6px rgb(20 40 70 / .12), 0 12px 32px rgb(20 40 70 / .10);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181d; --glow: #1d2836; --card: #22262d; --text: #f2f3f5; --muted: #adb3bd;
    --line: #3b414b; --hover: #2c323b; --accent: #66b2ee; --accent-hover: #8cc6f4; --on-accent: #0c1a26;
    --secondary: #3a4049; --secondary-hover: #474e59; --error: #ff99a4; --tag: #443a18; --tag-text: #ffe08a;
    --shadow: 0 2px 6px rgb(0 0 0 / .4), 0 12px 32px rgb(0 0 0 / .35);
  }
}
* { box-sizing: border-box; }
html { min-height: 100%; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column;
  align-items: center; justify-content: center; gap: 16px; padding: 24px 16px;
  background: radial-gradient(120% 80% at 50% 0, var(--glow), var(--page) 70%); color: var(--text);
  font: 15px/1.45 "Segoe UI", system-ui, -apple-system, "Helvetica Neue", Arial, sans-serif;
}
main {
  width: 100%; max-width: 440px; padding: 36px 40px 40px; background: var(--card);
  border-radius: 6px; box-shadow: var(--shadow);
}
main.wide { max-width: 560px; }
main.full { max-width: 920px; }
.brand { display: flex; align-items: center; gap: 10px; margin: 0 0 20px; font-size: 16px; font-weight: 600; }
.brand svg { width: 24px; height: 24px; flex: none; fill: var(--accent); }
.tag {
  margin-left: auto; padding: 2px 8px; border-radius: 10px; background: var(--tag); color: var(--tag-text);
  font-size: 12px; font-weight: 600; white-space: nowrap;
}
h1 { margin: 0 0 6px; text-wrap: balance; font-size: 24px; line-height: 1.25; font-weight: 600; overflow-wrap: anywhere; }
h2 { margin: 24px 0 8px; font-size: 15px; font-weight: 600; overflow-wrap: anywhere; }
p { margin: 0 0 14px; overflow-wrap: anywhere; }
.muted { color: var(--muted); }
.small { font-size: 13px; }
.identity { margin: 0 0 8px; color: var(--muted); overflow-wrap: anywhere; }
.error { color: var(--error); }
ul { list-style: none; margin: 0; padding: 0; }
.accounts { margin: 14px -40px 0; border-bottom: 1px solid var(--line); }
.accounts li { border-top: 1px solid var(--line); }
.account {
  display: flex; align-items: center; gap: 14px; width: 100%; min-height: 68px; padding: 10px 40px; border: 0;
  border-radius: 0; background: none; color: inherit; font: inherit; text-align: left; cursor: pointer;
}
.account:hover { background: var(--hover); }
.avatar {
  display: grid; place-items: center; width: 44px; height: 44px; flex: none; border-radius: 50%;
  background: var(--accent); color: var(--on-accent); font-size: 17px; font-weight: 600;
}
.avatar.plain { background: none; border: 1px dashed var(--muted); color: var(--muted); font-size: 22px; }
.who { display: block; min-width: 0; }
.who span { display: block; overflow-wrap: anywhere; }
.who .name { font-weight: 600; }
.actions { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 8px; margin-top: 28px; }
.actions button, .actions .button {
  min-width: 112px; min-height: 36px; padding: 6px 16px; border: 1px solid transparent; border-radius: 4px;
  background: var(--secondary); color: var(--text); font: inherit; text-align: center; text-decoration: none; cursor: pointer;
}
.actions button:hover { background: var(--secondary-hover); }
.actions .primary { background: var(--accent); color: var(--on-accent); font-weight: 600; }
.actions .primary:hover { background: var(--accent-hover); }
label { display: block; margin: 16px 0 4px; font-weight: 600; }
.choice { display: flex; align-items: center; gap: 10px; font-weight: 400; }
input[type=checkbox] { width: 18px; height: 18px; margin: 0; flex: none; accent-color: var(--accent); }
input:not([type=hidden], [type=checkbox]) {
  width: 100%; min-height: 38px; padding: 6px 10px; border: 1px solid var(--muted); border-radius: 4px;
  background: var(--card); color: var(--text); font: inherit;
}
input + p { margin-top: 8px; }
input[aria-invalid=true] { border-color: var(--error); }
details { border-top: 1px solid var(--line); }
details:last-of-type { border-bottom: 1px solid var(--line); }
summary { padding: 10px 0; cursor: pointer; overflow-wrap: anywhere; }
details p { margin: 0 0 12px 18px; }
details + p { margin-top: 16px; }
table { width: 100%; border-collapse: collapse; font-size: 13px; }
th { color: var(--muted); font-weight: 600; text-align: left; white-space: nowrap; }
th, td { padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
td code { overflow-wrap: break-word; }
td:has(form) {
  position: sticky; right: 0; width: 1%; padding: 7px 0; background: var(--card); white-space: nowrap; text-align: right;
}
.scroll { overflow-x: auto; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin: 10px 0; }
.row input:not([type=hidden], [type=checkbox]) { width: auto; flex: 1 1 160px; }
.row input[type=number] { flex: 0 1 90px; }
td .row { margin: 0; flex-wrap: nowrap; justify-content: flex-end; }
.full button {
  min-height: 34px; padding: 4px 14px; border: 1px solid transparent; border-radius: 4px;
  background: var(--secondary); color: var(--text); font: inherit; cursor: pointer;
}
.full button:hover { background: var(--secondary-hover); }
textarea, select {
  min-height: 38px; max-width: 100%; padding: 6px 10px; border: 1px solid var(--muted); border-radius: 4px;
  background: var(--card); color: var(--text); font: inherit;
}
textarea { width: 100%; font: 13px/1.4 ui-monospace, "Cascadia Mono", Consolas, monospace; }
label.inline { display: inline; margin: 0; }
.badge { padding: 1px 7px; border: 1px solid var(--muted); border-radius: 9px; color: var(--muted); font-size: 12px; font-weight: 400; }
.notice { margin: 12px 0; padding: 10px 14px; border-left: 4px solid var(--accent); background: var(--hover); }
.notice.bad { border-color: var(--error); }
.notice p { margin: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 14px; margin: 0; font-size: 13px; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: 13px/1.4 ui-monospace, "Cascadia Mono", Consolas, monospace; overflow-wrap: anywhere; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.account:focus-visible { outline-offset: -2px; }
footer { max-width: 440px; text-wrap: balance; color: var(--muted); font-size: 12px; text-align: center; }
@media (max-width: 480px) {
  body { justify-content: flex-start; padding: 0; gap: 12px; background: var(--card); }
  main { padding: 24px 20px; border-radius: 0; box-shadow: none; }
  .brand { font-size: 15px; }
  .accounts { margin: 14px -20px 0; }
  .account { padding: 10px 20px; }
  th { white-space: normal; }
  td .row { flex-wrap: wrap; }
  .actions button { flex: 1 1 auto; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
  footer { padding: 0 20px 20px; }
}
@media (forced-colors: active) { .avatar, .tag, main { border: 1px solid; } }
`

/** The stylesheet's entry in the content security policy. */
export const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`
