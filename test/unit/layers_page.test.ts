import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Recorder } from '../../src/device/recorder.ts';
import * as gated from '../../src/gated/index.ts';
import * as core from '../../src/index.ts';
import { Adam, Engine, Layer, loss, Sequential } from '../../src/index.ts';

// docs/layers.md says how wide layers are, what they give, how parameters are named and what is dispatched: it must be so.

const spiketape = { ...core, ...gated };
const page = readFileSync(new URL('../../docs/layers.md', import.meta.url), 'utf8');
const layers = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
const make = (code: string): Layer =>
  new Function(...Object.keys(spiketape), `return ${code}`)(...Object.values(spiketape));

/** Form and shape of what a layer gives, and how often it dispatches. */
async function run(code: string, form: 'f32' | 'bits', training: boolean) {
  const recorder = new Recorder();
  const engine = new Engine(recorder);
  const net = new Sequential(make(code));
  engine.bind(net);
  const tape = engine.tape({ training });
  const x = tape.input(new Float32Array(5 * 2 * 6), { shape: [5, 2, 6], form, requiresGrad: true });
  // or nobody would ask for it, and it would not be made
  if (training) x.keepGradient();
  const y = net.forward(x).keep();
  if (training) {
    loss.crossEntropy()(y, [0, 1]).loss.backward();
    if (net.parameters().some((p) => p.trainable)) await new Adam().step(tape);
    else await tape.run();
  } else await tape.run();
  const others = ['effective', 'loss', 'adam'];
  const names = recorder.steps[0]!.calls.map((call) => call.kernel.name);
  return { y, dispatches: names.filter((name) => !others.includes(name)).length };
}

it.each(layers)('%s', async (code, widths, gives, parameters, training, inference) => {
  const layer = make(code!.slice(1, -1));
  const [from, to] = widths!.split(' to ').map(Number);
  expect([layer.inputs, layer.outputs]).toEqual([from, to]);
  for (const [form, which] of [
    ['f32', 0],
    ['bits', 1],
  ] as const) {
    const counts = (cell: string): number => Number(cell.match(/\d+/g)![/on spikes/.test(cell) ? which : 0]);
    const [a, b] = [await run(code!.slice(1, -1), form, true), await run(code!.slice(1, -1), form, false)];
    expect([a.dispatches, b.dispatches], form).toEqual([counts(training!), counts(inference!)]);
    expect(a.y.shape).toEqual([5, 2, to]);
    if (gives !== 'what it gets') expect(a.y.form).toBe(/^dense/.test(gives!) ? 'f32' : 'bits');
    if (/what it gets/.test(gives!)) expect(b.y.form).toBe(form);
  }
  // with shapes where the page gives them
  for (const [, name, shape] of parameters!.matchAll(/`([a-z_0-9.]+)`(?: \[([\d, ]+)\])?/g)) {
    if (name === 'projection.weight') continue;
    expect(Object.keys(layer.params)).toContain(name);
    if (shape) expect(layer.params[name!]!.shape.join(', ')).toBe(shape);
  }
});

it('leaves no layer out', () => {
  const known = Object.entries(spiketape).filter(([, c]) => typeof c === 'function' && c.prototype instanceof Layer);
  for (const [name] of known)
    if (!['Neurons', 'Gated', 'Container'].includes(name)) expect(page, name).toMatch(new RegExp(`\\b${name}\\b`, 'i'));
});
