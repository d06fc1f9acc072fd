import { describe, expect, expectTypeOf, it } from 'vitest';
import { format } from '../../src/host/format.ts';
import { hasHost, host, options, UsageError } from '../../src/host/index.ts';

const spec = { epochs: 20, lr: 0.003, order: ['rows', 'pixels'], ablate: false, shuffle: true, runName: 'a' } as const;

describe('options', () => {
  it('gives defaults, typed', () => {
    const parsed = options({ epochs: 20, order: ['rows', 'pixels'], ablate: false, name: 'a' }, []);
    expect(parsed).toEqual({ epochs: 20, order: 'rows', ablate: false, name: 'a' });
    expectTypeOf(parsed).toEqualTypeOf<{
      readonly epochs: number;
      readonly order: 'rows' | 'pixels';
      readonly ablate: boolean;
      readonly name: string;
    }>();
  });

  it('reads every way to write a value', () => {
    const args = ['--epochs', '5', '--lr=-1e-3', '--order', 'pixels', '--ablate', '--no-shuffle', '--run-name', 'b'];
    expect(options(spec, args)).toEqual({
      epochs: 5,
      lr: -0.001,
      order: 'pixels',
      ablate: true,
      shuffle: false,
      runName: 'b',
    });
    expect(options(spec, ['--lr', '-2', '--ablate=false', '--runName=']).lr).toBe(-2);
  });

  it.each([
    [
      ['--epoch', '3'],
      /unknown argument --epoch; known are --epochs <number, default 20>, .*--order rows\|pixels, --ablate/,
    ],
    [['rows'], /unknown argument rows/],
    [['--no-epochs'], /unknown argument --no-epochs/],
    [['--epochs'], /--epochs: needs a number, and none came/],
    [['--epochs', '--ablate'], /--epochs: needs a number, and none came/],
    [['--epochs', 'many'], /--epochs: expected a number, got 'many'/],
    [['--epochs='], /--epochs: expected a number, got ''/],
    [['--epochs', 'Infinity'], /expected a number, got 'Infinity'/],
    [['--order', 'columns'], /--order: expected one of rows, pixels, got 'columns'/],
    [['--ablate=maybe'], /--ablate: expected true or false, got 'maybe'/],
  ])('%j is refused', (args, message) => {
    expect(() => options(spec, args)).toThrow(message);
    expect(() => options(spec, args)).toThrow(UsageError);
  });
});

it('host without a runner says what to do', () => {
  expect(hasHost()).toBe(false);
  expect(() => host.args).toThrow('this script needs `npx spiketape run script.ts`');
});

describe('format', () => {
  it('prints values as text', () => {
    const circular: Record<string, unknown> = { a: 1 };
    circular.self = circular;
    expect(format(['%s is %d %%', 'x', 2, 'rest'])).toBe('x is 2 % rest');
    expect(format([[1, 'a', null, undefined, -0, 10n], new Map([['k', { v: true }]]), new Set()])).toBe(
      `[1, 'a', null, undefined, -0, 10n] Map(1) { 'k' => { v: true } } Set(0) {}`,
    );
    expect(format([circular, new Float32Array(30)])).toMatch(
      /^\{ a: 1, self: \[circular\] \} Float32Array\(30\) \[0, .*\.\.\. 10 more\]$/,
    );
    expect(format([new Error('bad')])).toMatch(/^Error: bad\n +at /);
    expect(format([Object.create(null), () => 1, Symbol('s')])).toBe('{} [Function] Symbol(s)');
  });
});
