import type { SentProgress } from '../src/host/types.ts';

const BAR_WIDTH = 24;

/** Turns progress into a line of text, and knows how long the rest will take. */
export class Bar {
  private label: string | undefined;
  private startedAt = 0;
  private startedWith = 0;
  private lastDone = 0;

  /** Whether this progress belongs to another piece of work than the one before. */
  startsAnew(progress: SentProgress): boolean {
    return progress.label !== this.label || progress.done < this.lastDone;
  }

  /**
   * The line for this progress, e.g. `training  [=====>    ]  48 %  loss 0.312  12 s left`.
   *
   * @param now milliseconds of any clock
   */
  line(progress: SentProgress, now: number): string {
    const { done, total, label, values } = progress;
    if (this.startsAnew(progress)) {
      this.label = label;
      this.startedAt = now;
      this.startedWith = done;
    }
    this.lastDone = done;
    const filled = Math.floor((done / total) * BAR_WIDTH);
    const arrow = filled < BAR_WIDTH ? `${'='.repeat(filled)}>`.padEnd(BAR_WIDTH) : '='.repeat(BAR_WIDTH);
    const parts = [`[${arrow}]`, `${String(Math.floor((done / total) * 100)).padStart(3)} %`];
    if (label !== '') parts.unshift(label);
    for (const [name, value] of Object.entries(values)) parts.push(`${name} ${number(value)}`);
    const seconds = (now - this.startedAt) / 1000;
    if (done >= total) parts.push(`${duration(seconds)}`);
    else if (done > this.startedWith) {
      parts.push(`${duration((seconds / (done - this.startedWith)) * (total - done))} left`);
    }
    return parts.join('  ');
  }
}

/** Four digits, in the notation that needs the least room. Values that JSON cannot carry arrive as text. */
export function number(value: number | string): string {
  if (typeof value === 'string' || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? value.toPrecision(4) : value.toExponential(2);
}

export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 120) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
