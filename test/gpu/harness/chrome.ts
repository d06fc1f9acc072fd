import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'puppeteer-core';
import { launchBrowser } from '../../../cli/browser.ts';
import { stackMapper } from '../../../cli/stack.ts';
import { type Bundle, bundleCases, caseFiles } from './bundle.ts';
import type { Outcome } from './case.ts';
import { type CaseRunner, failed, failure, Gone, withTimeout } from './runner.ts';

interface Open {
  readonly browser: Browser;
  readonly page: Page;
  /** Rejects when the page or the browser dies. */
  readonly dead: Promise<never>;
}

/**
 * Runs cases in headless Chrome, in the page or in a dedicated worker of it. One page serves all cases; a failed case
 * leaves a new page behind, a hung or crashed one a new browser, so that nothing reaches the cases after it.
 */
export function chromeRunner(options: { worker: boolean; files?: readonly string[] }): CaseRunner {
  let bundles: Promise<{ page: Bundle; worker: Bundle }> | undefined;
  let server: Promise<{ server: Server; url: string }> | undefined;
  let open: Promise<Open> | undefined;
  let lines: string[] = [];

  function bundle(): Promise<{ page: Bundle; worker: Bundle }> {
    const files = options.files ?? caseFiles();
    bundles ??= Promise.all([bundleCases('page', files), bundleCases('worker', files)]).then(([page, worker]) => {
      return { page, worker };
    });
    return bundles;
  }

  async function start(): Promise<Open> {
    const { page: pageBundle, worker } = await bundle();
    server ??= serve({ '/page.js': pageBundle.code, '/worker.js': worker.code });
    const { url } = await server;
    const browser = await launchBrowser();
    return withPage(browser, url, (line) => lines.push(line));
  }

  async function evaluate<T>(timeout: number, what: string, call: (page: Page) => Promise<T>): Promise<T> {
    open ??= start();
    const { page, dead } = await open.catch((error: unknown) => {
      open = undefined;
      throw error;
    });
    try {
      return await withTimeout(Promise.race([call(page), dead]), timeout, what);
    } catch (error) {
      await dispose();
      throw error;
    }
  }

  async function dispose(): Promise<void> {
    const current = await open?.catch(() => undefined);
    open = undefined;
    await current?.browser.close();
  }

  return {
    async adapter() {
      const info = await evaluate(30_000, 'asking for an adapter', (page) =>
        page.evaluate((worker) => globalThis.gpuCases.adapter(worker), options.worker),
      );
      if (info === '') throw new Error('Chrome gives no WebGPU adapter: requestAdapter() gave null');
      return info;
    },

    async run(name, timeout) {
      lines = [];
      let outcome: Outcome;
      try {
        outcome = await evaluate(timeout, `the case "${name}"`, (page) =>
          page.evaluate((name, worker) => globalThis.gpuCases.run(name, worker), name, options.worker),
        );
      } catch (error) {
        if (error instanceof Gone) throw failure('Error', error.message, '', lines);
        throw error;
      }
      if (outcome.ok) return outcome.logs;
      const { url } = await server!;
      const { browser, page } = await open!;
      open = withPage(browser, url, (line) => lines.push(line));
      await Promise.allSettled([page.close(), open]);
      const kind = options.worker ? 'worker' : 'page';
      throw failed(outcome, lines, stackMapper([`${url}${kind}.js`], (await bundle())[kind].map));
    },

    async close() {
      await dispose();
      (await server)?.server.close();
    },
  };
}

async function withPage(browser: Browser, url: string, log: (line: string) => void): Promise<Open> {
  const page = await browser.newPage();
  const dead = new Promise<never>((_, reject) => {
    page.on('error', (error) => reject(new Gone(`the page crashed: ${error.message}`)));
    browser.on('disconnected', () => reject(new Gone('the browser is gone')));
  });
  dead.catch(() => {});
  page.on('console', (message) => log(message.text()));
  const broken: string[] = [];
  page.on('pageerror', (error) => broken.push(String(error)));
  await page.goto(url);
  await page
    .waitForFunction(() => 'gpuCases' in globalThis, { timeout: 15_000 })
    .catch(() => {
      throw new Error(
        `the bundle of GPU cases did not load in the page: ${broken.join('; ') || 'no error was reported'}`,
      );
    });
  return { browser, page, dead };
}

/** A page must come from a secure origin to see navigator.gpu; loopback is one. */
async function serve(scripts: Record<string, string>): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const script = scripts[request.url ?? ''];
    if (script !== undefined) {
      response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(script);
    } else if (request.url === '/') {
      const html =
        '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
