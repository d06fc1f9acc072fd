import type { Browser, CDPSession, Page } from 'puppeteer-core';
import { launchBrowser } from './browser.ts';
import { ABORT, SCRIPT, SEND, servePage } from './page.ts';
import { type Outcome, receiver, type Session, type SessionOptions } from './session.ts';

/** Runs a script in a page of Chrome. */
export async function openChrome(options: SessionOptions): Promise<Session> {
  const { server, bundle, config, headed, title, onAddress } = options;
  await servePage(server, bundle, { host: config, headed, title });
  onAddress(`${config.base}${SCRIPT}`);
  const browser = await launchBrowser({ headed });
  try {
    return await openPage(browser, options);
  } catch (error) {
    await browser.close();
    throw error;
  }
}

async function openPage(browser: Browser, options: SessionOptions): Promise<Session> {
  let end: (outcome: Outcome) => void = () => {};
  const ended = new Promise<Outcome>((resolve) => {
    end = resolve;
  });
  const broken = (message: string) => end({ kind: 'broken', message });
  const page = (await browser.pages())[0] ?? (await browser.newPage());
  const devtools = await page.createCDPSession();
  watch(browser, page, devtools, options, broken);

  // A binding is called in order with everything else the page does, and what it took survives the page's end.
  const receive = receiver(options.onMessage, end);
  devtools.on('Runtime.bindingCalled', ({ name, payload }) => {
    if (name === SEND) receive(JSON.parse(payload));
  });
  await devtools.send('Runtime.enable');
  await devtools.send('Runtime.addBinding', { name: SEND });
  await page.goto(options.config.base, { waitUntil: 'domcontentloaded' });
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame()) broken(`the page left for ${frame.url()}`);
  });
  return {
    ended,
    abort: () => void page.evaluate(`${ABORT}()`).catch(() => {}),
    close: () => browser.close(),
  };
}

/** What the browser says by itself, and the ways in which a page can end without a word. */
function watch(
  browser: Browser,
  page: Page,
  devtools: CDPSession,
  { config, onOutput }: SessionOptions,
  broken: (message: string) => void,
): void {
  page.on('error', (error) => broken(`the page crashed: ${error.message}`));
  page.on('close', () => broken('the page was closed'));
  page.on('dialog', (dialog) => void dialog.dismiss().catch(() => {}));
  const child = browser.process();
  browser.on('disconnected', () => {
    const how = child?.signalCode ?? (child?.exitCode === null ? '' : `exit code ${child?.exitCode}`);
    broken(`the browser ended before the script did${how ? ` (${how})` : ''}`);
  });
  // WebGPU's own complaints come this way, not by the page's console.
  devtools.on('Log.entryAdded', ({ entry }) => {
    // A request that the run's server refused is an error of the host's, which the script gets.
    const refused = entry.source === 'network' && entry.url?.startsWith(config.base);
    if (entry.level !== 'verbose' && !refused) onOutput('stderr', `${entry.text}\n`);
  });
  void devtools.send('Log.enable').catch(() => {});
  page.on('workercreated', (worker) => {
    worker.client.on('Runtime.consoleAPICalled', ({ type, args }) => {
      const text = args.map((arg) => arg.value ?? arg.description ?? arg.type).join(' ');
      onOutput(type === 'error' || type === 'warning' ? 'stderr' : 'stdout', `${text}\n`);
    });
  });
}
