import type { HostConfig, HostMessage } from '../src/host/types.ts';
import type { Bundle } from './bundle.ts';
import type { RunServer } from './server.ts';

/** How a script ended. */
export type Outcome =
  | { kind: 'done' }
  /** An exception or rejection that nobody caught. */
  | { kind: 'failed'; name: string; message: string; stack: string }
  /** The page or the process it ran in is gone. */
  | { kind: 'broken'; message: string }
  /** It ended its own process. */
  | { kind: 'exited'; code: number };

/** A script at work, in whichever runtime. */
export interface Session {
  readonly ended: Promise<Outcome>;
  /** Aborts the script's signal. */
  abort(): void;
  /** Ends the runtime and removes what it left; also in the middle of a run. */
  close(): Promise<void>;
}

export interface SessionOptions {
  server: RunServer;
  bundle: Bundle;
  config: HostConfig;
  headed: boolean;
  /** Name of the script, for the page's title. */
  title: string;
  /** Takes console and progress messages, in order. */
  onMessage: (message: HostMessage) => void;
  /** Takes what the runtime itself prints, outside the script's console. */
  onOutput: (stream: 'stdout' | 'stderr', text: string) => void;
  /** Told how stacks call the bundle, before the script runs. */
  onAddress: (address: string) => void;
}

/** Splits messages into those that end a run and those that are shown. */
export function receiver(onMessage: (message: HostMessage) => void, end: (outcome: Outcome) => void) {
  return (message: HostMessage) => {
    if (message.type === 'done') end({ kind: 'done' });
    else if (message.type === 'failed') end({ ...message, kind: 'failed' });
    else onMessage(message);
  };
}
