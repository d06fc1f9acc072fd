import { afterEach, describe, expect, it, vi } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { run } from '../../cli/commands/wgsl.ts';
import { kernels } from '../../src/kernels/index.ts';
import { neurons, plain, type Setting, stepOf, textsOf } from '../gpu/cases/engine-support/variants.ts';

// `spiketape wgsl`: what it prints is what a net compiles.

async function printed(...argv: string[]): Promise<string> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  expect(await run(argv)).toBe(0);
  return text;
}

afterEach(() => {
  vi.restoreAllMocks();
});

it('without arguments lists every kernel and every neuron', async () => {
  const text = await printed();
  for (const { name } of kernels) expect(text).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
  const saved = { ahp: '4.125', alif: '8.125', glif: '8.125', brf: '12.125', cuba: '4.125', plif: '8.125' };
  for (const [name, bytes] of Object.entries(saved))
    expect(text).toMatch(new RegExp(`^  ${name} +\\S.*; saves ${bytes} bytes a neuron and step \\(v, `, 'm'));
  expect(text).toMatch(/^ {2}li +\S.*; saves nothing$/m);
});

it('with a kernel prints its file', async () => {
  for (const { name, source } of kernels) expect(await printed(name)).toBe(source);
});

describe('with a neuron prints what a layer of it compiles', () => {
  const cases: [string, string[], string, Partial<Setting>][] = [
    ['AHP exponential', ['--neuron', 'ahp'], 'cell_forward', {}],
    [
      'AHP exponential',
      ['--neuron', 'ahp', '--recurrent', '--learn', 'tau,tauAhp,beta,threshold', '--backward'],
      'cell_backward',
      { recurrent: true, learn: true },
    ],
    [
      'ALIF exponential',
      ['cell_backward', '--neuron', 'alif', '--surrogate', 'fast_sigmoid'],
      'cell_backward',
      { surrogate: 'fast_sigmoid' },
    ],
    ['LIF', ['--neuron', 'lif', '--bias', '--rate', '--voltage'], 'cell_forward', { bias: true, regularized: true }],
    ['LIF', ['activity', '--neuron', 'lif', '--rate', '--voltage'], 'activity', { regularized: true }],
    ['LIF', ['--neuron', 'lif', '--state', '--lengths'], 'cell_forward', { carried: true, lengths: true }],
    ['LIF', ['--neuron', 'lif', '--current', '--inference'], 'cell_forward', { input: 'current', training: false }],
    ['LI exponential delay 0 one', ['--neuron', 'li', '--dense'], 'cell_forward', { input: 'dense' }],
  ];
  it.each(cases)('%s %j', async (name, argv, kernel, setting) => {
    const text = await printed(...argv, '--neurons', '33', '--inputs', '6');
    const [note, ...rest] = text.split('\n\n');
    expect(note).toMatch(/^\/\/ \d \w+ .*\(\w+\): \d+ x \d+ x 1 workgroups/);
    const step = await stepOf(neurons.find((n) => n.name === name)!, { ...plain, ...setting });
    const compiled = [...textsOf([['it', step]]).values()]
      .filter((t) => t.name === `${kernel} of it`)
      .map((t) => t.code);
    expect(compiled).toContain(rest.join('\n\n'));
    expect(new WgslReflect(text).entry.compute).toHaveLength(1);
  });
});

it('says which states a neuron has, what is saved for its backward pass and what is rebuilt', async () => {
  expect(await printed('--neuron', 'ahp', '--recurrent')).toContain(
    '// states: v, a\n// saved for the backward pass: 4.125 bytes a neuron and step (v, the spikes as bits)\n// rebuilt in it: v\n',
  );
  expect(await printed('--neuron', 'glif', '--learn', 'a')).toContain(
    '// saved for the backward pass: 8.125 bytes a neuron and step (v, current, the spikes as bits)\n',
  );
  expect(await printed('--neuron', 'li')).toContain(
    '// states: v\n// saved for the backward pass: nothing\n// rebuilt in it: nothing\n',
  );
});

it.each([
  [['foo'], /there is no kernel foo; there are effective, /],
  [['add', 'adam'], /one kernel expected, got 'adam' as well/],
  [['--recurrent'], /--recurrent: needs --neuron ahp\|lif\|.*\|li/],
  [['--neuron', 'hodgkin'], /--neuron: expected ahp\|lif\|.*\|li.*, got 'hodgkin'/],
  [['--neuron', 'lif', '--neurons', '0'], /--neurons: expected a whole number in 1\.\.8192, got '0'/],
  [['--neuron', 'lif', '--inputs', 'x'], /--inputs: expected a whole number in 1\.\.8192, got 'x'/],
  [['--neuron', 'lif', '--learn', 'tua'], /LIF: learn names 'tua'; did you mean 'tau'\?/],
  [['--neuron', 'lif', '--surrogate', 'tringle'], /surrogate: unknown name 'tringle'; did you mean 'triangle'\?/],
  [['--neuron', 'lif', '--semantics', 'nrse'], /LIF: semantics is unknown: 'nrse'; did you mean 'norse'\?/],
  [['--neuron', 'ahp', '--semantics', 'norse'], /AHP: there is no option 'semantics'/],
  [['--neuron', 'li', '--recurrent'], /--recurrent: li does not spike/],
  [['--neuron', 'lif', '--current', '--bias'], /LIF: bias needs weights/],
  [['add', '--neuron', 'lif', '--backward'], /--backward: is cell_backward, and add was asked for/],
  [['--neuron', 'lif', '--backward', '--inference'], /--backward: there is no backward pass with --inference/],
  [['adam', '--neuron', 'lif'], /this layer does not use adam; its kernels are cell_forward, /],
])('refuses %j', async (argv, message) => {
  const error = await run(argv).catch((e: Error) => e);
  expect(error).toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) });
});
