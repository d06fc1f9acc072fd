import { cases, type Outcome } from './case.ts';

// The part of the harness that runs where the cases run: in the page, in the worker, in the Dawn process.

/** Errors that nobody caught while a case was running: an entry point hands them to `stray`. */
let strays: unknown[] = [];

/** Records an uncaught error or unhandled rejection: the case that is running then fails. */
export function stray(error: unknown): void {
  strays.push(error);
}

/** Lists the running environment's uncaught errors and rejections as strays. For a page or a worker. */
export function watchGlobal(): void {
  globalThis.addEventListener('unhandledrejection', (event) => stray((event as PromiseRejectionEvent).reason));
  globalThis.addEventListener('error', (event) => stray((event as ErrorEvent).error ?? (event as ErrorEvent).message));
}

/** One line about the adapter, or an empty string where there is none. */
export async function adapterLine(gpu: GPU | undefined): Promise<string> {
  const adapter = await gpu?.requestAdapter();
  if (!adapter) return '';
  const { vendor, architecture, device, description } = adapter.info;
  const parts = [vendor, architecture, device, description].filter((part) => part !== '');
  return parts.join(' / ') || 'an adapter without a name';
}

let adapterSeen = '';

/** Runs one case to its end. Never rejects. `log` is told of every line at once, so that a hang loses none. */
export async function runCase(
  name: string,
  gpu: GPU | undefined,
  log: (line: string) => void = () => {},
): Promise<Outcome> {
  const logs: string[] = [];
  const write = (...values: unknown[]): void => {
    const line = values.map(show).join(' ');
    logs.push(line);
    log(line);
  };
  strays = [];
  try {
    const found = cases.get(name);
    if (!found) throw new Error(`no GPU case has the name "${name}"`);
    adapterSeen ||= await adapterLine(gpu);
    if (!gpu || adapterSeen === '') {
      throw new Error('no WebGPU adapter: navigator.gpu is missing or requestAdapter() gave null');
    }
    await found.run({ gpu, log: write });
    // Rejections are reported after the microtasks; two turns of the event loop are enough in Chrome and in Node.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    if (strays.length > 0) throw strays[0];
    return { ok: true, name: '', message: '', stack: '', logs };
  } catch (error) {
    if (error instanceof Error) {
      return { ok: false, name: error.name, message: error.message, stack: chain(error), logs };
    }
    return { ok: false, name: 'Thrown', message: show(error), stack: '', logs };
  }
}

function chain(error: Error): string {
  const own = error.stack ?? '';
  return error.cause instanceof Error ? `${own}\nCaused by: ${error.cause.message}\n${chain(error.cause)}` : own;
}

function show(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.stack ?? value.message;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}[${Array.from(value as Float32Array).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}
