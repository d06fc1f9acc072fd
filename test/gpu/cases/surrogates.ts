import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { Sequential } from '../../../src/layers/sequential.ts';
import { crossEntropy } from '../../../src/loss/cross_entropy.ts';
import { type Expr, expr, leaf, where } from '../../../src/neurons/expr.ts';
import { substitute } from '../../../src/neurons/rewrite.ts';
import { type Surrogate, surrogate, surrogateNames } from '../../../src/neurons/surrogates.ts';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { gpuCase } from '../harness/case.ts';

// Each surrogate's derivative as a kernel has it, from the threshold to the largest number that float32 holds.

const magnitudes = [
  1e-30, 1e-7, 0.01, 0.1, 0.3, 0.49, 0.7, 0.99, 1.5, 3, 9, 90, 1e3, 1e8, 1e19, 2e20, 1e30, 1e37, 1e38, 3e38,
];
const distances = [0, ...magnitudes.flatMap((m) => [m, -m])];

/** All of them in one, so that one kernel is compiled: the constant `which` says whose derivative it is. */
function chosen(which: number): Surrogate {
  const all = surrogateNames.map((name) => surrogate(name));
  const renamed = (s: Surrogate, e: Expr): Expr => {
    const leaves = Object.keys(s.constants).map(
      (c) => [leaf(`surrogate.${c}`), leaf(`surrogate.${s.name}_${c}`)] as const,
    );
    return substitute([e], new Map(leaves))[0]!;
  };
  const among = (of: (s: Surrogate) => Expr): Expr =>
    all.reduce<Expr>((others, s, i) => where(leaf('surrogate.which').gt(i - 0.5), renamed(s, of(s)), others), expr(0));
  return {
    name: 'chosen',
    constants: {
      which,
      ...Object.fromEntries(all.flatMap((s) => Object.entries(s.constants).map(([c, v]) => [`${s.name}_${c}`, v]))),
    },
    derivative: (x) => among((s) => s.derivative(x)),
    primitive: (x) => among((s) => s.primitive(x)),
  };
}

/** The gradient of a loss of every neuron's spike with respect to its current, neuron i being at distances[i]. */
async function gradients(engine: Engine, which: Surrogate | string): Promise<Float32Array> {
  const N = distances.length;
  const net = new Sequential(new LIF(N, { surrogate: which, reset: 'none' }), new Linear(N, 2)).initialize(3);
  engine.bind(net);
  const tape = engine.tape();
  const current = distances.map((x) => Math.fround(x) + 1);
  const x = tape.input(Float32Array.from(current), { shape: [1, 1, N], requiresGrad: true, name: 'current' });
  x.keepGradient();
  crossEntropy(net.forward(x), [1]).loss.backward();
  await tape.run();
  const found = await x.readGradient();
  engine.unbind(net);
  return found;
}

gpuCase(
  'surrogates: every derivative is what the reference has, and finite, up to the largest x',
  async ({ gpu, log }) => {
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
    for (const [which, name] of surrogateNames.entries()) {
      const actual = await gradients(engine, chosen(which));
      const expected = await gradients(new Engine(new ReferenceDevice()), name);
      const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      let worst = 0;
      distances.forEach((x, i) => {
        const difference = Math.abs(actual[i]! - expected[i]!) / largest;
        if (!(difference < 1e-5)) throw new Error(`${name} at x = ${x}: got ${actual[i]}, expected ${expected[i]}`);
        worst = Math.max(worst, difference);
      });
      if (!(largest > 0)) throw new Error(`${name}: all derivatives are 0`);
      log(`${name}: ${distances.length} places, largest difference ${worst.toExponential(1)} of its height`);
    }
    engine.dispose();
  },
  { timeout: 300_000 },
);
