import type { ConsoleLevel, SentProgress } from '../src/host/types.ts';
import { Bar } from './bar.ts';

/** Where no line can be redrawn, one comes this often. */
const PLAIN_INTERVAL_MS = 4000;

/** What the terminal needs of a stream. */
export interface Out {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/**
 * Everything that a run shows. The script's output goes where it said, stdout or stderr; the bar and the runner's own
 * words go to stderr, so that stdout can be piped. With `json` every event is one line of JSON on stdout instead.
 */
export class Terminal {
  private readonly json: boolean;
  private readonly stdout: Out;
  private readonly stderr: Out;
  private readonly bar = new Bar();
  /** The line that is drawn and not yet ended. */
  private drawn = '';
  private printedAt = 0;

  constructor({
    json = false,
    stdout = process.stdout,
    stderr = process.stderr,
  }: { json?: boolean; stdout?: Out; stderr?: Out }) {
    this.json = json;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  console(level: ConsoleLevel, text: string): void {
    if (this.json) {
      this.event({ type: 'console', level, text });
      return;
    }
    this.above(level === 'warn' || level === 'error' ? this.stderr : this.stdout, `${text}\n`);
  }

  /** What a runtime printed by itself, as it came. */
  output(stream: 'stdout' | 'stderr', text: string): void {
    if (this.json) {
      this.event({ type: 'output', stream, text });
      return;
    }
    // An unfinished line would be overwritten by the bar.
    this.above(
      stream === 'stdout' ? this.stdout : this.stderr,
      this.drawn === '' || text.endsWith('\n') ? text : `${text}\n`,
    );
  }

  progress(progress: SentProgress): void {
    if (this.json) {
      this.event({ type: 'progress', ...progress });
      return;
    }
    const now = performance.now();
    const anew = this.bar.startsAnew(progress);
    const line = this.bar.line(progress, now);
    const complete = progress.done >= progress.total;
    if (this.stderr.isTTY) {
      if (anew) this.endBar();
      this.draw(line);
      if (complete) this.endBar();
      return;
    }
    if (anew) this.printedAt = now;
    if (complete || now - this.printedAt >= PLAIN_INTERVAL_MS) {
      this.printedAt = now;
      this.stderr.write(`${line}\n`);
    }
  }

  /** A file was saved: only of interest to programs, a person sees the folder. */
  saved(path: string, bytes: number): void {
    if (this.json) this.event({ type: 'saved', path, bytes });
  }

  folder(path: string): void {
    if (this.json) {
      this.event({ type: 'folder', path });
      return;
    }
    this.above(this.stderr, `saving to ${path}\n`);
  }

  notice(text: string): void {
    if (this.json) {
      this.event({ type: 'notice', text });
      return;
    }
    this.above(this.stderr, `${text}\n`);
  }

  error(text: string): void {
    if (this.json) {
      this.event({ type: 'error', text });
      return;
    }
    this.endBar();
    this.stderr.write(`${text}\n`);
  }

  /** The last word of a run. */
  exit(code: number): void {
    if (this.json) {
      this.event({ type: 'exit', code });
      return;
    }
    this.endBar();
  }

  private event(event: object): void {
    this.stdout.write(`${JSON.stringify(event)}\n`);
  }

  private above(stream: Out, text: string): void {
    const line = this.drawn;
    if (line !== '') this.stderr.write('\r\x1b[2K');
    stream.write(text);
    if (line !== '') this.draw(line);
  }

  private draw(line: string): void {
    // A line that wraps could not be redrawn.
    const fitting = line.slice(0, (this.stderr.columns || 80) - 1);
    this.stderr.write(`\r\x1b[2K${fitting}`);
    this.drawn = line;
  }

  private endBar(): void {
    if (this.drawn !== '') this.stderr.write('\n');
    this.drawn = '';
  }
}
