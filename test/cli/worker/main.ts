import { twice } from './twice.ts';

/** What workers of a page and of Node have in common. */
interface Port {
  postMessage(value: number): void;
  addEventListener?(type: 'message', listener: (event: MessageEvent) => void): void;
  on?(type: 'message', listener: (value: number) => void): void;
}

const inPage = 'WorkerGlobalScope' in globalThis;
const port = (inPage ? globalThis : (await import('node:worker_threads')).parentPort) as unknown as Port;
port.on?.('message', (value) => port.postMessage(twice(value)));
if (inPage) port.addEventListener?.('message', (event) => port.postMessage(twice(event.data)));
