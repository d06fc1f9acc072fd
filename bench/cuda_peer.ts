import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Its first line, when it has chosen its fastest setting and is warm. */
export interface Ready {
  readonly version: string;
  readonly device: string;
  readonly setting: string;
  /** Relative to ours: the largest of the first losses, and of the gradients as a whole. */
  readonly lossError: number;
  readonly gradientError: number;
  /** Building, compiling and checking that setting. */
  readonly prepare_ms: number;
  /** What the settings took, or said, that were not chosen. */
  readonly others: Readonly<Record<string, string>>;
}

/** A Python peer at work on one case, in a process of its own. */
export interface Peer {
  readonly ready: Ready;
  /** Milliseconds of so many training steps. */
  time(steps: number): Promise<readonly number[]>;
  close(): void;
}

/** A peer that cannot be measured. */
export class PeerError extends Error {
  override name = 'PeerError';
  constructor(
    message: string,
    /** Neither wrong nor broken: framework or device are not there. */
    readonly notRun: boolean,
    /** Whether its loss was compared, and was another one. */
    readonly lossMatch: false | null = null,
  ) {
    super(message);
  }
}

export interface PeerOptions {
  readonly python: string;
  /** Of the peers' scripts. */
  readonly script: string;
  readonly caseFile: string;
  readonly device: 'cuda' | 'cpu';
  /** For the choice of a setting, compilation included; a tenth of it for each later answer. */
  readonly patience_ms: number;
}

/**
 * Starts a peer's script and waits until it is ready.
 *
 * @throws PeerError when there is no Python, framework or device, when losses differ, or when no answer comes in time
 */
export async function startPeer({ python, script, caseFile, device, patience_ms }: PeerOptions): Promise<Peer> {
  const child = spawn(python, [script, '--case', caseFile, '--device', device, '--rounds'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  // writing to a script that has ended is told by its end
  child.stdin.on('error', () => {});
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`${python} could not be started: ${error.message}`));
    child.on('close', (code, signal) => resolve(`ended with ${signal ?? `code ${code}`}: ${lastLine(said)}`));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  const answer = async (patience: number): Promise<Record<string, unknown>> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), patience);
    });
    const line = await Promise.race([lines.next(), late]).finally(() => clearTimeout(timer));
    if (line === null) throw new PeerError(`no answer in ${Math.round(patience / 1000)} s`, false);
    // the process has closed its output: it ends now, or never began
    if (line.done) {
      const why = await ended;
      throw new PeerError(why, child.pid === undefined);
    }
    const given = parsed(line.value);
    if (given.error === undefined) return given;
    throw new PeerError(String(given.error), given.notRun === true, given.lossMatch === false ? false : null);
  };
  const close = (): void => {
    child.stdin.end();
    child.kill('SIGKILL');
  };
  try {
    const ready = (await answer(patience_ms)) as unknown as Ready;
    return {
      ready,
      async time(steps) {
        child.stdin.write(`${steps}\n`);
        return (await answer(patience_ms / 10)).samples_ms as number[];
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw new PeerError(`answered '${line.slice(0, 200)}', which is no JSON`, false);
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) || 'it said nothing';
