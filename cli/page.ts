import type { HostConfig } from '../src/host/types.ts';
import { type Bundle, bundleText } from './bundle.ts';
import type { RunServer } from './server.ts';

/** Name of the function by which the page's messages reach the runner, and of the one that aborts the script. */
export const SEND = 'spiketapeSend';
export const ABORT = 'spiketapeAbort';
export const SCRIPT = 'script.js';

/** Runs in the page before the script: installs the host, reports errors, and shows the log to whoever looks on. */
const BOOT = `
import { connectHost } from 'spiketape/host';

const { host, headed, script } = JSON.parse(document.getElementById('run').textContent);
const log = document.getElementById('log');
const bar = document.getElementById('bar');
const show = (message) => {
  if (message.type === 'progress') {
    const { done, total, label, values } = message.progress;
    const shown = Object.entries(values).map(([name, value]) => name + ' ' + value);
    bar.textContent = [label, Math.floor((100 * done) / total) + ' %', ...shown].join('  ');
  } else if (message.type === 'done') {
    bar.textContent = 'finished';
  } else {
    log.append((message.stack ?? message.text) + '\\n');
    while (log.childNodes.length > 1000) log.firstChild.remove();
  }
};
const run = connectHost(host, (message) => {
  globalThis.${SEND}(JSON.stringify(message));
  if (headed) show(message);
}, headed);
globalThis.${ABORT} = run.abort;
addEventListener('error', (event) => run.fail(event.error ?? event.message));
addEventListener('unhandledrejection', (event) => run.fail(event.reason));
run.start(() => import(script));
`;

/** Puts the page, its start and the script's bundle on the run's server. */
export async function servePage(
  server: RunServer,
  bundle: Bundle,
  { host, headed, title }: { host: HostConfig; headed: boolean; title: string },
): Promise<void> {
  const boot = await bundleText(BOOT);
  // '<' would end the element early.
  const data = JSON.stringify({ host, headed, script: `${host.base}${SCRIPT}` }).replaceAll('<', '\\u003c');
  server.files.set('', { type: 'text/html', content: html(title, data) });
  server.files.set('boot.js', { type: 'text/javascript', content: boot.code });
  server.files.set(SCRIPT, { type: 'text/javascript', content: `${bundle.code}//# sourceMappingURL=${SCRIPT}.map\n` });
  server.files.set(`${SCRIPT}.map`, { type: 'application/json', content: bundle.map });
}

function html(title: string, data: string): string {
  const name = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html>
<meta charset="utf-8">
<title>${name} - spiketape</title>
<link rel="icon" href="data:,">
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fafaf8; }
  h1 { font-size: 1.1rem; }
  pre { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; }
</style>
<h1>${name}</h1>
<div id="bar">starting</div>
<pre id="log"></pre>
<script type="application/json" id="run">${data}</script>
<script type="module" src="boot.js"></script>
`;
}
