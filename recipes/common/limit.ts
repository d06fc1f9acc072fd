import { host } from 'spiketape/host';

/** A signal that ends with the run's own, or after so many minutes. */
export interface Limit {
  readonly signal: AbortSignal;
  /** Whether the time ran out. */
  readonly reached: boolean;
  /** Gives the timer back. */
  end(): void;
}

/** @param minutes 0: no limit */
export function limited(minutes: number): Limit {
  const controller = new AbortController();
  const stop = (): void => controller.abort(host.signal.reason);
  if (host.signal.aborted) stop();
  host.signal.addEventListener('abort', stop);
  let reached = false;
  const timer =
    minutes > 0 &&
    setTimeout(
      () => {
        reached = true;
        controller.abort(new DOMException(`${minutes} minutes are over`, 'AbortError'));
      },
      Math.min(minutes * 60_000, 2 ** 31 - 1),
    );
  return {
    signal: controller.signal,
    get reached() {
      return reached;
    },
    end() {
      if (timer) clearTimeout(timer);
      host.signal.removeEventListener('abort', stop);
    },
  };
}
