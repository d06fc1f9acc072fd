import { describe, expect, it } from 'vitest';
import { Recorder } from '../../src/device/recorder.ts';
import { AHP, Engine, LIF, Readout, Sequential, Stepper } from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { Random } from '../support/random.ts';

const [T, B, K] = [9, 2, 3];
const x = Float32Array.from(new Random('stepper').normals(T * B * K, 2));
const at = (t: number, to = t + 1): Float32Array => x.subarray(t * B * K, to * B * K);

const net = (): Sequential =>
  new Sequential(new AHP(K, 7, { recurrent: true }), new LIF(7, 5, { weightGain: 3 }), new Readout(5, 2)).initialize(1);

const begin = (): { engine: Engine; model: Sequential; stepper: Stepper } => {
  const engine = new Engine(new ReferenceDevice());
  const model = net();
  return { engine, model, stepper: new Stepper(engine, model, { batch: B }) };
};

async function wholeSequence(engine: Engine, model: Sequential): Promise<number[]> {
  const tape = engine.tape({ training: false });
  const y = model.forward(tape.input(x, { shape: [T, B, K] })).keep();
  await tape.run();
  return [...(await y.read())];
}

describe('Stepper', () => {
  it('gives step by step what the whole sequence gives', async () => {
    const { engine, model, stepper } = begin();
    const outputs: number[] = [];
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 6],
      [6, 7],
      [7, 9],
    ] as const) {
      const y = await stepper.step(at(from, to));
      expect(y).toHaveLength((to - from) * B * 2);
      outputs.push(...y);
    }
    expect(outputs).toEqual(await wholeSequence(engine, model));
    expect(new Set(outputs).size).toBeGreaterThan(T * B);
    expect(stepper.steps).toBe(T);
  });

  it('lets the state be read, kept as JSON, put back and set to 0', async () => {
    const { engine, model, stepper } = begin();
    const first = await stepper.step(at(0));
    for (let t = 1; t < 4; t++) await stepper.step(at(t));
    const state = await stepper.state();
    // v, a and z of AHP, v and z of LIF, v of the readout
    expect(Object.entries(state).map(([place, values]) => [place, values.length])).toEqual([
      ['0', 3 * B * 7],
      ['1', 2 * B * 5],
      ['2', B * 2],
    ]);
    const next = await stepper.step(at(4));
    await stepper.restore(JSON.parse(JSON.stringify(state)));
    expect([...(await stepper.step(at(4)))].map(Math.fround)).toEqual([...next].map(Math.fround));
    // in another stepper as well
    const other = new Stepper(engine, model, { batch: B });
    await other.restore(state);
    expect([...(await other.step(at(4)))]).toEqual([...next]);
    await stepper.reset();
    expect(await stepper.step(at(0))).toEqual(first);
    expect(stepper.steps).toBe(1);
  });

  it('takes turns with others on the same net, and keeps the order of calls that nobody awaited', async () => {
    const { engine, model, stepper } = begin();
    const other = new Stepper(engine, model, { batch: B });
    const all = await Promise.all([0, 1, 2, 3].flatMap((t) => [stepper.step(at(t)), other.step(at(t + 3))]));
    const whole = await wholeSequence(engine, model);
    const own = all.filter((_, i) => i % 2 === 0).flatMap((y) => [...y]);
    own.forEach((y, i) => {
      expect(y).toBeCloseTo(whole[i]!, 5);
    });
    expect(own).not.toEqual(all.filter((_, i) => i % 2 === 1).flatMap((y) => [...y]));
  });

  it('compiles one step once, whether it starts from 0, goes on or is put back', async () => {
    const recorder = new Recorder();
    const engine = new Engine(recorder);
    const model = net();
    const stepper = new Stepper(engine, model);
    expect(recorder.steps).toHaveLength(0);
    // a recorder has no outputs to read
    for (let t = 0; t < 3; t++) await expect(stepper.step(x.subarray(0, K))).rejects.toThrow(/runs nothing/);
    await stepper.reset();
    await expect(stepper.step(x.subarray(0, K))).rejects.toThrow(/runs nothing/);
    expect(recorder.steps).toHaveLength(1);
  });

  it('uses the parameters that the device has when the net is bound already', async () => {
    const engine = new Engine(new ReferenceDevice());
    const model = net();
    engine.bind(model);
    const before = await wholeSequence(engine, model);
    for (const p of model.parameters()) p.data.fill(0.5);
    const y = await new Stepper(engine, model, { batch: B }).step(at(0));
    expect([...y]).toEqual(before.slice(0, B * 2));
  });

  it('refuses what does not fit, and goes on as if nothing had been', async () => {
    const { engine, model, stepper } = begin();
    await stepper.step(at(0));
    await expect(stepper.step(new Float32Array(5))).rejects.toThrow(
      'Stepper: x must have 2 x 3 values (batch x inputs) or a multiple, got 5',
    );
    await expect(stepper.step([])).rejects.toThrow('or a multiple, got 0');
    await expect(stepper.step([Number.NaN, 0, 0, 0, 0, 0])).rejects.toThrow(
      'x: value 0 is NaN, expected a finite number',
    );
    const state = await stepper.state();
    await expect(stepper.restore({ ...state, '1': [1] })).rejects.toThrow(
      "Stepper: the state of '1' must have 2 x 2 x 5 values, got 1",
    );
    const { '2': _, ...less } = state;
    await expect(stepper.restore(less)).rejects.toThrow(
      "Stepper: the state of '2' must have 1 x 2 x 2 values, got none",
    );
    await expect(stepper.restore({ ...state, '3': [] })).rejects.toThrow(
      "Stepper: the net has no state '3'; it has 0, 1, 2",
    );
    await expect(stepper.restore({ ...state, '2': [1, 2, Number.NaN, 4] })).rejects.toThrow(
      "the state of '2' has NaN at 2",
    );
    expect([...(await stepper.step(at(1)))].map((y) => y.toFixed(5))).toEqual(
      (await wholeSequence(engine, model)).slice(4, 8).map((y) => y.toFixed(5)),
    );
    expect(() => new Stepper(engine, model, { batch: 0 })).toThrow('Stepper: batch must be a whole number above 0');
    expect(() => new Stepper(engine, model, { form: 'bytes' as 'bits' })).toThrow("form must be 'f32' or 'bits'");
    const bits = new Stepper(engine, model, { form: 'bits' });
    await expect(bits.step([0, 2, 0])).rejects.toThrow('x: value 1 is 2, expected a spike, 0 or 1');
  });
});
