import { kernels } from '../../../src/kernels/index.ts';
import { surrogateNames } from '../../../src/neurons/surrogates.ts';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import {
  type Neuron,
  neurons,
  plain,
  type Setting,
  settings,
  stepOf,
  textsOf,
  wide,
} from './engine-support/variants.ts';

// Every shader as it stands, and every variant that the assembler makes of it, is valid WGSL.

/** Compiles every text; throws with all that failed and what the compiler said. */
async function compileAll(gpu: GPU, texts: Iterable<{ name: string; code: string }>): Promise<number> {
  const adapter = await gpu.requestAdapter();
  const device = await adapter!.requestDevice();
  try {
    const failed: string[] = [];
    const compiled = [...texts].map(async ({ name, code }) => {
      device.pushErrorScope('validation');
      const module = device.createShaderModule({ label: name, code });
      const error = await device.popErrorScope();
      const { messages } = await module.getCompilationInfo();
      const said = messages.map(
        (m) => `${m.type} in line ${m.lineNum}: ${m.message}: ${code.split('\n')[m.lineNum - 1]}`,
      );
      if (error || said.length > 0) failed.push(`${name}: ${said.join('; ') || error!.message}`);
    });
    await Promise.all(compiled);
    assert(
      failed.length === 0,
      `${failed.length} of ${compiled.length} do not compile without a word:\n${failed.slice(0, 5).join('\n')}`,
    );
    return compiled.length;
  } finally {
    device.destroy();
  }
}

gpuCase('every file of shaders/ is valid WGSL by itself, and makes a pipeline', async ({ gpu }) => {
  await compileAll(
    gpu,
    kernels.map(({ name, source }) => ({ name, code: source })),
  );
  const device = await (await gpu.requestAdapter())!.requestDevice();
  for (const { name, source } of kernels) {
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: name, code: source });
    device.createComputePipeline({ layout: 'auto', compute: { module } });
    assertEqual((await device.popErrorScope())?.message, undefined, `the pipeline of ${name}.wgsl`);
  }
  device.destroy();
});

gpuCase(
  'every neuron with every option compiles, recurrent or not, learned or not, with every surrogate',
  async ({ gpu, log }) => {
    const steps: [string, Awaited<ReturnType<typeof stepOf>>][] = [];
    for (const neuron of neurons) {
      for (const recurrent of neuron.spikes ? [false, true] : [false]) {
        for (const learn of [false, true]) {
          const surrogates = neuron.name === 'LIF' ? surrogateNames : ['triangle', 'fast_sigmoid'];
          for (const surrogate of learn ? ['triangle'] : surrogates) {
            const setting: Setting = { ...plain, recurrent, learn, surrogate, regularized: recurrent };
            steps.push([describe(neuron, setting), await stepOf(neuron, setting)]);
          }
        }
      }
    }
    const count = await compileAll(gpu, textsOf(steps).values());
    log(`${count} variants of ${neurons.length} neurons`);
    assert(count > 4 * neurons.length, `${count} variants are too few for ${neurons.length} neurons`);
  },
);

gpuCase(
  'every structure around a neuron compiles: widths, inputs, lengths, state, penalties, records',
  async ({ gpu, log }) => {
    const chosen = ['AHP exponential', 'LIF', 'LI exponential delay 0 one'];
    const steps: [string, Awaited<ReturnType<typeof stepOf>>][] = [];
    for (const name of chosen) {
      const neuron = neurons.find((n) => n.name === name)!;
      for (const setting of settings) steps.push([describe(neuron, setting), await stepOf(neuron, setting)]);
    }
    const lif = neurons.find((n) => n.name === chosen[1])!;
    steps.push([describe(lif, wide), await stepOf(lif, wide)]);
    const count = await compileAll(gpu, textsOf(steps).values());
    log(`${count} variants of ${chosen.length * settings.length} nets`);
    assert(count > settings.length, `${count} variants are too few for ${settings.length} settings`);
  },
);

const describe = ({ name }: Neuron, s: Setting): string =>
  [
    name,
    ...Object.entries(s)
      .filter(([, v]) => v !== false)
      .map(([k, v]) => (v === true ? k : `${k} ${v}`)),
  ].join(', ');
