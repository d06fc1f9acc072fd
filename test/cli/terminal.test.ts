import { describe, expect, it } from 'vitest';
import { Bar, duration, number } from '../../cli/bar.ts';
import { Terminal } from '../../cli/terminal.ts';

const progress = (done: number, label = 'training') => ({ done, total: 10, label, values: { loss: 1 / (done + 1) } });

function sink(isTTY: boolean) {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  return { isTTY, columns: 60, write, take: () => text };
}

describe('the bar', () => {
  it('shows values and time left, counted from the start of the label', () => {
    const bar = new Bar();
    expect(bar.line(progress(0), 1000)).toBe('training  [>                       ]    0 %  loss 1');
    expect(bar.line(progress(4), 9000)).toBe('training  [=========>              ]   40 %  loss 0.2000  12 s left');
    expect(bar.line(progress(10), 21_000)).toBe('training  [========================]  100 %  loss 0.09091  20 s');
    expect(bar.line(progress(2, 'testing'), 22_000)).not.toContain('left');
  });

  it('writes numbers and times briefly', () => {
    expect([0.5, 12, 1e-5, 'NaN', -0.0213].map(number)).toEqual(['0.5000', '12', '1.00e-5', 'NaN', '-0.02130']);
    expect([0.2, 119, 300, 7300].map(duration)).toEqual(['1 s', '119 s', '5 min 0 s', '2 h 1 min']);
  });
});

describe('the terminal', () => {
  it('keeps the bar below what the script prints', () => {
    const screen = sink(true);
    const terminal = new Terminal({ stdout: screen, stderr: screen });
    terminal.progress(progress(1));
    terminal.console('log', 'a word');
    terminal.exit(0);
    const line = screen.take().split('\r\x1b[2K')[1] as string;
    expect(line).toMatch(/^training {2}\[==>/);
    expect(line.length).toBeLessThan(60);
    expect(screen.take()).toBe(`\r\x1b[2K${line}\r\x1b[2Ka word\n\r\x1b[2K${line}\n`);
  });

  it('prints few plain lines where none can be redrawn, the last one always', () => {
    const [stdout, stderr] = [sink(false), sink(false)];
    const terminal = new Terminal({ stdout, stderr });
    for (let done = 0; done <= 10; done++) terminal.progress(progress(done));
    terminal.console('warn', 'careful');
    terminal.console('info', 'result');
    terminal.exit(0);
    expect(stderr.take()).toMatch(/^training .* 100 % .*\ncareful\n$/);
    expect(stdout.take()).toBe('result\n');
  });

  it('gives lines of JSON', () => {
    const [stdout, stderr] = [sink(true), sink(true)];
    const terminal = new Terminal({ json: true, stdout, stderr });
    terminal.console('log', 'two\nlines');
    terminal.progress(progress(1));
    terminal.saved('a.bin', 3);
    terminal.error('bad');
    terminal.exit(1);
    expect(stderr.take()).toBe('');
    expect(
      stdout
        .take()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { type: 'console', level: 'log', text: 'two\nlines' },
      { type: 'progress', done: 1, total: 10, label: 'training', values: { loss: 0.5 } },
      { type: 'saved', path: 'a.bin', bytes: 3 },
      { type: 'error', text: 'bad' },
      { type: 'exit', code: 1 },
    ]);
  });
});
