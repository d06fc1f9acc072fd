import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { Alpha } from '../../src/layers/alpha.ts';
import { CubaLIF } from '../../src/layers/cuba_lif.ts';
import { IF } from '../../src/layers/if.ts';
import { LIF } from '../../src/layers/lif.ts';
import type { Neurons } from '../../src/layers/neurons.ts';
import { Readout } from '../../src/layers/readout.ts';
import { alpha } from '../../src/neurons/alpha.ts';
import { cubaLif } from '../../src/neurons/cuba_lif.ts';
import { integrateAndFire } from '../../src/neurons/if.ts';
import { li } from '../../src/neurons/li.ts';
import { lif } from '../../src/neurons/lif.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { moduleOf } from '../support/experiment.ts';
import { read64 } from '../support/float64.ts';

// What each framework's documentation says a neuron does, worked out by hand step by step, against the presets.

/** Spikes and recorded voltages of one neuron that is given a current. */
async function trace(layer: Neurons, currents: readonly number[]): Promise<{ z: number[]; v: number[] }> {
  const engine = new Engine(new ReferenceDevice());
  engine.bind(moduleOf([layer], 'trace'));
  const tape = engine.tape({ training: false });
  const run = layer.run(tape.input(currents, { shape: [currents.length, 1, 1], name: 'current' }));
  run.v.keep();
  run.z?.keep();
  await tape.run();
  return { z: run.z ? [...(await read64(run.z))] : [], v: [...(await read64(run.v))] };
}

interface Trace {
  readonly layer: () => Neurons;
  readonly currents: readonly number[];
  readonly v: readonly number[];
  readonly z: readonly number[];
}

/** snnTorch, documentation of snn.Leaky, snn.Synaptic, snn.Alpha: S = [U > U_thr], R is S of the step before. */
const snntorch: Record<string, Trace> = {
  // U[t+1] = beta U[t] + I[t+1] - R U_thr
  'Leaky, beta 0.5': {
    layer: () => new LIF(1, { semantics: 'snntorch', beta: 0.5 }),
    currents: [1, 1, 0.5, 0, 1],
    // 1 is not above 1 | 0.5 + 1 | 0.75 + 0.5 - 1 | 0.125 | 0.0625 + 1
    v: [1, 1.5, 0.25, 0.125, 1.0625],
    z: [0, 1, 0, 0, 1],
  },
  // U[t+1] = beta U[t] + I[t+1] - R (beta U[t] + I[t+1])
  'Leaky, reset to zero': {
    layer: () => new LIF(1, { semantics: 'snntorch', beta: 0.5, reset: 'zero' }),
    currents: [1, 1, 0.5, 0, 1],
    // 1 | 0.5 + 1 | (0.75 + 0.5) 0, input and all | 0 | 1
    v: [1, 1.5, 0, 0, 1],
    z: [0, 1, 0, 0, 0],
  },
  // I_syn[t+1] = alpha I_syn[t] + I_in[t+1] ; U[t+1] = beta U[t] + I_syn[t+1] - R U_thr
  'Synaptic, alpha 0.5, beta 0.5': {
    layer: () => new CubaLIF(1, { semantics: 'snntorch', alpha: 0.5, beta: 0.5 }),
    currents: [1, 0.5, 0, 0, 1],
    // I_syn: 1, 1, 0.5, 0.25, 1.125
    // 1 | 0.5 + 1 | 0.75 + 0.5 - 1 | 0.125 + 0.25 | 0.1875 + 1.125
    v: [1, 1.5, 0.25, 0.375, 1.3125],
    z: [0, 1, 0, 0, 1],
  },
  // I_exc = (alpha I_exc + I_in)(1 - R) ; I_inh = (beta I_inh - I_in)(1 - R) ; U = tau_alpha (I_exc + I_inh),
  // tau_alpha = ln 0.5/(ln 0.25 - ln 0.5) + 1 = 2
  'Alpha, alpha 0.5, beta 0.25': {
    layer: () => new Alpha(1, { semantics: 'snntorch', alpha: 0.5, beta: 0.25 }),
    currents: [4, 0, 1, 0, 2, 0],
    // I_exc: 4, 2, 0 (with the input 1), 0, 2, 1 ; I_inh: -4, -1, 0, 0, -2, -0.5
    v: [0, 2, 0, 0, 0, 1],
    z: [0, 1, 0, 0, 0, 0],
  },
  'Leaky without a reset, as a readout': {
    layer: () => new Readout(1, { semantics: 'snntorch', beta: 0.5 }),
    currents: [1, 1, 0, 0.5],
    v: [1, 1.5, 0.75, 0.875],
    z: [],
  },
};

/**
 * SpikingJelly, documentation of activation_based.neuron: charge H = V + (X - V)/tau (LIFNode with decay_input), H = V + X
 * (IFNode); fire S = [H - V_th >= 0]; reset V = H (1 - S) + V_reset S with V_reset 0. V is what is left after the reset.
 */
const spikingjelly: Record<string, Trace> = {
  'LIFNode, tau 2': {
    layer: () => new LIF(1, { semantics: 'spikingjelly', tau: 2 }),
    currents: [1, 1.5, 1, 0.5, 3],
    // H: 0.5 | 0.5 + 1/2 = 1, which fires | 0.5 | 0.5 | 0.5 + 2.5/2
    v: [0.5, 0, 0.5, 0.5, 0],
    z: [0, 1, 0, 0, 1],
  },
  'LIFNode with decay_input false and v_reset None': {
    layer: () => new LIF(1, { semantics: 'spikingjelly', tau: 2, inputGain: 'one', reset: 'subtract' }),
    currents: [0.75, 0.75, 0.5, 1],
    // H = V - V/2 + X: 0.75 | 0.375 + 0.75, less 1 | 0.0625 + 0.5 | 0.28125 + 1, less 1
    v: [0.75, 0.125, 0.5625, 0.28125],
    z: [0, 1, 0, 1],
  },
  IFNode: {
    layer: () => new IF(1, { semantics: 'spikingjelly' }),
    currents: [0.25, 0.75, 0.5, 0.25, 1],
    // H: 0.25 | 1, which fires | 0.5 | 0.75 | 1.75
    v: [0.25, 0, 0.5, 0.75, 0],
    z: [0, 1, 0, 0, 1],
  },
  'NonSpikingLIFNode, tau 2': {
    layer: () => new Readout(1, { semantics: 'spikingjelly', tau: 2 }),
    currents: [1, 1.5, 1],
    v: [0.5, 1, 1],
    z: [],
  },
};

/**
 * Norse, documentation of functional.lif_box and functional.lif: Euler steps v += dt/tau_mem (v_leak - v + i),
 * z = Theta(v - v_th) with Theta(0) = 0, v = (1 - z) v + z v_reset; v_leak and v_reset are 0.
 */
const norse: Record<string, Trace> = {
  'LIFBox, tau 2': {
    layer: () => new LIF(1, { semantics: 'norse', tau: 2 }),
    currents: [1, 1.5, 1, 0.5, 3],
    // 0.5 | 0.5 + 1/2 = 1, which does not fire | 1 + 0 | 1 - 0.5/2 | 0.75 + 2.25/2, fires
    v: [0.5, 1, 1, 0.75, 0],
    z: [0, 0, 0, 0, 1],
  },
  // the current that a step's input makes, i += -dt/tau_syn i + input, drives v from the next step on
  'LIF, tau_mem 2, tau_syn 2': {
    layer: () => new CubaLIF(1, { semantics: 'norse', tau: 2, tauSyn: 2 }),
    currents: [4, 0, 0, 2, 0],
    // i: 4, 2, 1, 2.5, 1.25
    // 0 | 4/2, fires | 2/2, does not | 1 + (1 - 1)/2 | 1 + (2.5 - 1)/2, fires
    v: [0, 0, 1, 1, 0],
    z: [0, 1, 0, 0, 1],
  },
  'LIBox, tau 4': {
    layer: () => new Readout(1, { semantics: 'norse', tau: 4 }),
    currents: [4, 1, 0],
    v: [1, 1, 0.75],
    z: [],
  },
};

/** Lava, documentation of lava.proc.lif: u = u (1 - du) + a_in ; v = v (1 - dv) + u ; s = v > vth ; v = 0 at a spike. */
const lava: Record<string, Trace> = {
  'LIF, du 0.5, dv 0.25': {
    layer: () => new CubaLIF(1, { semantics: 'lava', tauSyn: 2, tau: 4 }),
    currents: [1, 0, 0, 0.5, 0.5],
    // u: 1, 0.5, 0.25, 0.625, 0.8125
    // 1, does not fire | 0.75 + 0.5, fires | 0.25 | 0.1875 + 0.625 | 0.609375 + 0.8125, fires
    v: [1, 0, 0.25, 0.8125, 0],
    z: [0, 1, 0, 0, 1],
  },
  'LIF, du 1, dv 0.25: no synaptic current': {
    layer: () => new LIF(1, { semantics: 'lava', tau: 4 }),
    currents: [1, 0.5, 0.5, 0, 1],
    // 1 | 0.75 + 0.5, fires | 0.5 | 0.375 | 0.28125 + 1, fires
    v: [1, 0, 0.5, 0.375, 0],
    z: [0, 1, 0, 0, 1],
  },
};

/**
 * NIR, its primitives (Pedersen et al., Nature Communications 2024): tau v' = v_leak - v + R I, IF v' = R I, CubaLIF that
 * of LI, linear and LIF; v becomes v_reset at v > v_threshold. R is 1, v_leak and v_reset are 0, Euler steps of 1.
 */
const nir: Record<string, Trace> = {
  'LIF, tau 4': {
    layer: () => new LIF(1, { semantics: 'nir', tau: 4 }),
    currents: [4, 2, 8, 0, 4],
    // 1, does not fire | 1 + 1/4, fires | 2, fires | 0 | 1
    v: [1, 0, 0, 0, 1],
    z: [0, 1, 1, 0, 0],
  },
  IF: {
    layer: () => new IF(1, { semantics: 'nir' }),
    currents: [0.25, 0.75, 0.25, 0.5, 0],
    v: [0.25, 1, 0, 0.5, 0.5],
    z: [0, 0, 1, 0, 0],
  },
  'CubaLIF, tau_syn 2, tau_mem 4': {
    layer: () => new CubaLIF(1, { semantics: 'nir', tauSyn: 2, tau: 4 }),
    currents: [8, 0, 0, 0, 16],
    // i += (I - i)/2: 4, 2, 1, 0.5, 8.25
    // 1, does not fire | 1 + (2 - 1)/4, fires | 1/4 | 0.25 + (0.5 - 0.25)/4 | 0.3125 + (8.25 - 0.3125)/4, fires
    v: [1, 0, 0.25, 0.3125, 0],
    z: [0, 1, 0, 0, 1],
  },
  'LI, tau 4': {
    layer: () => new Readout(1, { semantics: 'nir', tau: 4 }),
    currents: [4, 1, 0],
    v: [1, 1, 0.75],
    z: [],
  },
};

describe.each(Object.entries({ snntorch, spikingjelly, norse, lava, nir }))('as %s does it', (_, traces) => {
  it.each(Object.entries(traces))('%s', async (__, { layer, currents, v, z }) => {
    const found = await trace(layer(), currents);
    expect(found.z).toEqual(z);
    // the decays are float32 numbers, here all exact
    found.v.forEach((x, t) => {
      expect(x, `v at step ${t}`).toBeCloseTo(v[t]!, 12);
    });
    expect(found.v).toHaveLength(v.length);
  });
});

describe('every point of the semantics by itself', () => {
  // alpha 0.5, threshold 1, input 1.5 first: what is left after a spike tells the resets and their moments apart
  const base = { beta: 0.5 } as const;
  const currents = [1.5, 0.25, 0, 0];
  const cases: [object, number[]][] = [
    // subtract at once: 1.5, 0.5/2 + 0.25, ...
    [{}, [1.5, 0.5, 0.25, 0.125]],
    [{ record: 'after reset' }, [0.5, 0.5, 0.25, 0.125]],
    // 1.5/2 + 0.25 - 1
    [{ resetMoment: 'next step after leak' }, [1.5, 0, 0, 0]],
    // (1.5 - 1)/2 + 0.25: as at once
    [{ resetMoment: 'next step before leak' }, [1.5, 0.5, 0.25, 0.125]],
    [{ resetMoment: 'next step before leak', record: 'after reset' }, [0.5, 0.5, 0.25, 0.125]],
    // zero at once: 0 + 0.25
    [{ reset: 'zero' }, [1.5, 0.25, 0.125, 0.0625]],
    // what leaked and what came in are both lost
    [{ reset: 'zero', resetMoment: 'next step after leak' }, [1.5, 0, 0, 0]],
    [{ reset: 'zero', resetMoment: 'next step before leak' }, [1.5, 0.25, 0.125, 0.0625]],
    // to -0.5: -0.25 + 0.25
    [{ resetTo: -0.5 }, [1.5, 0, 0, 0]],
    [{ resetTo: -0.5, record: 'after reset' }, [-0.5, 0, 0, 0]],
    [{ reset: 'value', resetTo: -0.5, resetMoment: 'next step after leak' }, [1.5, -0.5, -0.25, -0.125]],
    // 0.75 + 0.25 is not above 1, and nothing is taken off
    [{ reset: 'none' }, [1.5, 1, 0.5, 0.25]],
    // 1 - alpha: 0.75, 0.375 + 0.125
    [{ inputGain: 'one minus alpha' }, [0.75, 0.5, 0.25, 0.125]],
  ];
  it.each(cases)('LIF %j', async (options, v) => {
    expect((await trace(new LIF(1, { ...base, ...options }), currents)).v).toEqual(v);
  });

  it('spike test at the threshold', async () => {
    expect((await trace(new LIF(1, base), [1, 0])).z).toEqual([0, 0]);
    expect((await trace(new LIF(1, { ...base, spikeTest: '>=' }), [1, 0])).z).toEqual([1, 0]);
  });

  it('dt/tau is not 1 - alpha where the decay is exponential', async () => {
    const of = async (inputGain: 'dt/tau' | 'one minus alpha'): Promise<number> =>
      (await trace(new LIF(1, { tau: 4, dt: 2, inputGain }), [1])).v[0]!;
    expect(await of('dt/tau')).toBeCloseTo(0.5, 12);
    expect(await of('one minus alpha')).toBeCloseTo(1 - Math.exp(-0.5), 12);
  });

  it('a preset is its options, and one that is given beside it wins', () => {
    const options = {
      spikeTest: '>',
      reset: 'zero',
      resetMoment: 'same step',
      record: 'after reset',
      detachReset: true,
      inputGain: 'dt/tau',
      decay: 'euler',
    } as const;
    expect(lif({ semantics: 'norse' }).key).toBe(lif(options).key);
    expect(lif({ semantics: 'norse', detachReset: false }).key).toBe(lif({ ...options, detachReset: false }).key);
    expect(lif({ semantics: 'norse', detachReset: false }).key).not.toBe(lif(options).key);
    expect(lif({ semantics: 'nir' }).key).toBe(lif({ ...options, detachReset: false }).key);
    expect(lif({ semantics: 'spikingjelly' }).key).toBe(lif({ ...options, spikeTest: '>=', detachReset: false }).key);
    expect(lif({ semantics: 'lava' }).key).toBe(lif({ ...options, inputGain: 'one', detachReset: false }).key);
    expect(lif({ semantics: 'snntorch' }).key).toBe(
      lif({ resetMoment: 'next step after leak', detachReset: true, decay: 'exponential' }).key,
    );
    expect(cubaLif({ semantics: 'nir' }).key).toBe(
      cubaLif({ ...options, detachReset: false, synapticGain: 'dt/tau' }).key,
    );
    expect(li({ semantics: 'snntorch' }).key).toBe(li().key);
    expect(alpha({ semantics: 'snntorch' }).key).toBe(
      alpha({ resetMoment: 'next step after leak', detachReset: true }).key,
    );
    expect(integrateAndFire({ semantics: 'nir' }).key).toBe(
      integrateAndFire({ reset: 'zero', record: 'after reset' }).key,
    );
  });
});
