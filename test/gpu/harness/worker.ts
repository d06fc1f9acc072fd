import { adapterLine, runCase, watchGlobal } from './inside.ts';
import 'gpu-cases';

// The dedicated worker's side: the page passes requests on and gets one result for each, with log lines in between.

watchGlobal();

globalThis.onmessage = async ({ data }: MessageEvent<{ name?: string }>) => {
  const send = (message: { log?: string; result?: unknown }): void => globalThis.postMessage(message);
  if (data.name === undefined) send({ result: await adapterLine(navigator.gpu) });
  else send({ result: await runCase(data.name, navigator.gpu, (log) => send({ log })) });
};
