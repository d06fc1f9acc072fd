import type { Outcome } from './case.ts';
import { adapterLine, runCase, watchGlobal } from './inside.ts';
import 'gpu-cases';

// The page's side: Node calls `gpuCases` through puppeteer.

declare global {
  var gpuCases: {
    adapter(worker: boolean): Promise<string>;
    run(name: string, worker: boolean): Promise<Outcome>;
  };
}

watchGlobal();

/** One worker serves all cases, as the page does; a broken one goes with its page. */
let worker: Worker | undefined;
let reject: (error: Error) => void = () => {};

function inWorker<T>(request: { name?: string }): Promise<T> {
  return new Promise((done, fail) => {
    reject = fail;
    if (!worker) {
      worker = new Worker('/worker.js', { type: 'module' });
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`the worker failed: ${event.message}`));
      };
    }
    worker.onmessage = ({ data }: MessageEvent<{ log?: string; result?: T }>) => {
      if (data.log !== undefined) console.log(data.log);
      else done(data.result as T);
    };
    worker.postMessage(request);
  });
}

globalThis.gpuCases = {
  adapter: (asWorker) => (asWorker ? inWorker<string>({}) : adapterLine(navigator.gpu)),
  run: (name, asWorker) =>
    asWorker ? inWorker<Outcome>({ name }) : runCase(name, navigator.gpu, (line) => console.log(line)),
};
