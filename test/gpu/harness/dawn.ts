import { installDawn } from '../../../cli/dawn.ts';
import { adapterLine, runCase, stray } from './inside.ts';
import 'gpu-cases';

// The Dawn side: a child process that answers one message with one result, with log lines in between.

await installDawn();
const { gpu } = navigator;

process.on('unhandledRejection', stray);
process.on('uncaughtException', stray);
process.on('disconnect', () => process.exit(0));
process.on('message', async ({ name }: { name?: string }) => {
  if (name === undefined) process.send!({ result: await adapterLine(gpu) });
  else process.send!({ result: await runCase(name, gpu, (log) => process.send!({ log })) });
});
process.send!({ ready: true });
