import type { NirNode } from '../file/graph.ts';
import { numbersOf } from '../file/values.ts';
import type { Leaky, Rule } from './rules.ts';
import { activation, type Setting, type Unit } from './unit.ts';

/** Neurons: what they put out is their spikes, of those that do not spike their voltage. */
export function cellUnit(place: string, rule: Rule, { B }: Setting): Unit {
  const { N, synapse, membrane, threshold, resetTo, late, again, test } = rule;
  const out = activation(place, N, B);
  const begin = (l: Leaky): Float64Array => Float64Array.from(out, (_, k) => l.start[k % N]!);
  const v = begin(membrane);
  const i = synapse ? begin(synapse) : null;
  const voltage = new Float64Array(B * N);
  const fires = (u: number, n: number): number => {
    const theta = threshold![n]!;
    if (rule.several) return u >= theta ? Math.floor(u / theta) : 0;
    return test === '>' ? +(u > theta) : +(u >= theta);
  };
  return {
    out,
    spikes: threshold ? out : null,
    voltage,
    step(x) {
      for (let k = 0; k < out.length; k++) {
        const n = k % N;
        const early = late || again ? fires(v[k]!, n) : 0;
        let current = x[k]!;
        if (synapse) {
          i![k] = rule.afterDecay
            ? synapse.decay[n]! * (i![k]! + current)
            : synapse.decay[n]! * i![k]! + synapse.gain[n]! * current + synapse.offset[n]!;
          current = i![k]!;
        }
        const kept = rule.twice ? v[k]! - early * threshold![n]! : v[k]!;
        let u = membrane.decay[n]! * kept + membrane.gain[n]! * current + membrane.offset[n]!;
        u -= early * (threshold?.[n] ?? 0);
        if (rule.lowest) u = Math.max(u, rule.lowest[n]!);
        voltage[k] = u;
        const z = late ? early : threshold ? fires(u, n) : 0;
        if (again) u -= (z - early) * threshold![n]!;
        else if (z && !late) u = resetTo ? resetTo[n]! : u - z * threshold![n]!;
        v[k] = u;
        out[k] = threshold ? z : u;
      }
    },
  };
}

/** Threshold: a spike wherever the input is above it. */
export function thresholdUnit(place: string, node: NirNode, { B }: Setting): Unit {
  const { data } = numbersOf(place, node, 'threshold');
  const out = activation(place, data.length, B);
  const voltage = new Float64Array(out.length);
  return {
    out,
    spikes: out,
    voltage,
    step(x) {
      voltage.set(x);
      for (let k = 0; k < out.length; k++) out[k] = x[k]! > data[k % data.length]! ? 1 : 0;
    },
  };
}
