import { readFileSync } from 'node:fs';

const SIGNALS = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).filter((signal) => signal !== 'SIGHUP' || !hangupIgnored());
const PATIENCE_MS = 10_000;
/** One Ctrl-C can arrive twice: from the terminal, and passed on by npm, which got it as well. */
const SAME_MS = 500;

/** Ctrl-C and its like, from now until `stop`. */
export interface Interrupts {
  /** Whether one came. */
  readonly came: boolean;
  /** Resolves when the run must end now: at the second one, or ten seconds after the first. */
  readonly forced: Promise<void>;
  /** Ends the run at once. */
  force(): void;
  stop(): void;
}

/** @param onFirst called at the first one */
export function watchInterrupts(onFirst: () => void): Interrupts {
  let cameAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let force = () => {};
  const forced = new Promise<void>((resolve) => {
    force = resolve;
  });
  const listener = () => {
    const now = performance.now();
    if (cameAt !== undefined) {
      if (now - cameAt > SAME_MS) force();
      return;
    }
    cameAt = now;
    timer = setTimeout(force, PATIENCE_MS);
    onFirst();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    get came() {
      return cameAt !== undefined;
    },
    forced,
    force,
    stop() {
      clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, listener);
    },
  };
}

/** Whether the run was started to survive its terminal (`nohup`): a listener of ours would undo that. */
function hangupIgnored(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return ignored !== undefined && (Number.parseInt(ignored.slice(-1), 16) & 1) === 1;
  } catch {
    return false;
  }
}
