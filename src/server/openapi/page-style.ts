/** The look of the page, light or dark as the reader's system is. */
export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d9dde3, #343a44); --soft: light-dark(#f4f6f8, #1b1f26);
  --ink: light-dark(#1c2128, #e3e7ed); --dim: light-dark(#59636f, #9aa4b1); --link: light-dark(#0b57c2, #7cb3ff);
  --read: light-dark(#0a6b3d, #5fd39a); --write: light-dark(#8a4b00, #f0b35e); }
* { box-sizing: border-box; }
body { margin: 0; background: light-dark(#fff, #13161b); color: var(--ink); font: 15px/1.55 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
:not(pre) > code { background: var(--soft); border-radius: 3px; padding: 0 .25em; overflow-wrap: anywhere; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .7em .9em; overflow-x: auto; }
.page { display: grid; grid-template-columns: 17rem minmax(0, 1fr); max-width: 84rem; margin: 0 auto; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem; border-right: 1px solid var(--line); }
nav h2 { margin: 1.1em 0 .2em; font-size: .78rem; letter-spacing: .05em; text-transform: uppercase; color: var(--dim); }
nav ul { margin: 0; padding: 0; list-style: none; } nav a { display: block; padding: .1em 0; font-size: .88rem; }
main { padding: 1.5rem 2rem 6rem; }
h1 { margin: 0 0 .3em; font-size: 1.7rem; } section > h2 { margin: 2.5em 0 .2em; font-size: 1.3rem; }
article { padding: 1.4em 0; border-top: 1px solid var(--line); scroll-margin-top: 1rem; }
h3 { display: flex; flex-wrap: wrap; gap: .6em; align-items: baseline; margin: 0 0 .3em; font-size: 1rem; }
h3 .path { font: 600 14px ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.method { font: 700 12px ui-monospace, Menlo, Consolas, monospace; color: var(--write); }
.method.get { color: var(--read); }
.role, .id { font-size: .78rem; font-weight: 400; color: var(--dim); }
.role { border: 1px solid var(--line); border-radius: 1em; padding: 0 .6em; }
p { margin: .4em 0; } .dim { color: var(--dim); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .6em 0; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3em .8em .3em 0; border-bottom: 1px solid var(--line); }
td:first-child code { white-space: nowrap; }
th { font-weight: 600; color: var(--dim); }
details { margin: .4em 0; } summary { cursor: pointer; color: var(--dim); }
@media (max-width: 56rem) { .page { display: flex; flex-direction: column-reverse; } main { padding: 1rem; }
  nav { position: static; height: auto; border: 0; } }
`
