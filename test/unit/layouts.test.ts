import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as d from 'typegpu/data';
import { describe, expect, it } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { Engine } from '../../src/autograd/engine.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { kernels } from '../../src/kernels/index.ts';
import { assemble, defineKernel, type Kernel, writeDims } from '../../src/kernels/kernel.ts';
import { SLOTS, SLOTS_AT, STEP_BLOCK_SIZE } from '../../src/kernels/layout.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { neurons, plain, settings, stepOf, textsOf } from '../gpu/cases/engine-support/variants.ts';

// Shaders, the table of kernels and TypeGPU's layouts say the same.

/** TypeGPU's layouts, the judge of what src/kernels/layout.ts says. */
const StepBlock = d.struct({ seed: d.u32, step: d.u32, slots: d.arrayOf(d.vec4f, SLOTS / 4) });
const dimsSchema = (dims: Kernel['dims']) =>
  d.struct(Object.fromEntries(dims.map(({ name, type }) => [name, type === 'u32' ? d.u32 : d.f32])));

const folder = fileURLToPath(new URL('../../shaders/', import.meta.url));
const files = readdirSync(folder).filter((f) => f.endsWith('.wgsl'));
const headerOf = (source: string): string => source.slice(0, source.search(/^[^/\n]/m));

function checkBindings(kernel: Kernel, source: string): void {
  const shader = new WgslReflect(source);
  const bindings = [...shader.uniforms, ...shader.storage].map(({ name, group, binding, access }) => ({
    name,
    group,
    binding,
    access,
  }));
  expect(bindings).toEqual([
    { name: 'step', group: 0, binding: 0, access: 'read' },
    { name: 'dims', group: 0, binding: 1, access: 'read' },
    ...kernel.storage.map(({ name, access }, i) => ({ name, group: 0, binding: 2 + i, access })),
  ]);
}

function membersOf(source: string, struct: string): { name: string; type: string; offset: number; size: number }[] {
  const found = new WgslReflect(source).structs.find((s) => s.name === struct);
  return (found?.members ?? []).map(({ name, type, offset, size }) => ({ name, type: type.name, offset, size }));
}

it('every file of shaders/ is one kernel of that name, with the text of that file', () => {
  expect(files.length).toBeGreaterThan(10);
  expect(kernels.map((k) => `${k.name}.wgsl`).sort()).toEqual([...files].sort());
  for (const k of kernels) expect(k.source).toBe(readFileSync(`${folder}${k.name}.wgsl`, 'utf8'));
});

describe.each(kernels.map((k) => [k.name, k] as const))('%s.wgsl', (_, kernel) => {
  it('binds what the table says, with the same access, and no more than eight storage buffers', () => {
    checkBindings(kernel, kernel.source);
    expect(kernel.storage.length).toBeLessThanOrEqual(8);
  });

  it('has the Dims of the table and of TypeGPU: names, types, offsets, size', () => {
    expect(membersOf(kernel.source, 'Dims')).toEqual(
      kernel.dims.map(({ name, type, offset }) => ({ name, type, offset, size: 4 })),
    );
    const schema = dimsSchema(kernel.dims);
    expect(kernel.dimsSize).toBe(d.sizeOf(schema));
    for (const { name, offset } of kernel.dims)
      expect(d.memoryLayoutOf(schema, (s) => s[name] as number).offset).toBe(offset);
    expect(new WgslReflect(kernel.source).structs.find((s) => s.name === 'Dims')?.size).toBe(d.sizeOf(schema));
  });

  it('has the Step block that is written for it', () => {
    expect(membersOf(kernel.source, 'Step')).toEqual([
      { name: 'seed', type: 'u32', offset: d.memoryLayoutOf(StepBlock, (s) => s.seed).offset, size: 4 },
      { name: 'step', type: 'u32', offset: d.memoryLayoutOf(StepBlock, (s) => s.step).offset, size: 4 },
      { name: 'slots', type: 'array', offset: d.memoryLayoutOf(StepBlock, (s) => s.slots[0]!).offset, size: 4 * SLOTS },
    ]);
    expect(new WgslReflect(kernel.source).structs.find((s) => s.name === 'Step')?.size).toBe(d.sizeOf(StepBlock));
    expect([SLOTS_AT, STEP_BLOCK_SIZE]).toEqual([
      d.memoryLayoutOf(StepBlock, (s) => s.slots[0]!).offset,
      d.sizeOf(StepBlock),
    ]);
  });

  it('begins with what it computes, what lies in each of its buffers and how it is dispatched', () => {
    const header = headerOf(kernel.source);
    const described = header.includes('as in cell_forward.wgsl')
      ? header + headerOf(readFileSync(`${folder}cell_forward.wgsl`, 'utf8'))
      : header;
    expect(header).toMatch(/^\/\/ Dispatch: \(.+, .+, .+\)/m);
    expect(header.split('\n')[0]).toMatch(/^\/\/ \S.{20,}/);
    expect(header, 'the mathematics').toMatch(/[=+]|binary16|FORM_/);
    for (const { name } of kernel.storage)
      expect(described, `the header names the buffer ${name}`).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('has one entry point, main', () => {
    expect(new WgslReflect(kernel.source).entry.compute.map((e) => e.name)).toEqual(['main']);
  });
});

it('the entries of the effective weights are laid out as their shader reads them', async () => {
  const shader = readFileSync(`${folder}effective.wgsl`, 'utf8');
  const members = membersOf(shader, 'Entry');
  const recorder = new Recorder();
  const engine = new Engine(recorder);
  const net = new Sequential(new AHP(6, 9, { recurrent: true, tau: 15 }), new Readout(9, 2));
  const arena = engine.bind(net);
  const tape = engine.tape();
  net.forward(tape.input(new Float32Array(12), { shape: [2, 1, 6], form: 'bits' })).keep();
  await tape.run();
  const call = recorder.steps[0]!.calls[0]!;
  expect(call.kernel.name).toBe('effective');
  const { data } = call.buffers.table!;
  const view = new DataView(data!.buffer);
  const stride = new WgslReflect(shader).structs.find((s) => s.name === 'Entry')!.size;
  expect(data!.byteLength).toBe(stride * call.dims.entries!);
  const entry = (i: number): Record<string, number> =>
    Object.fromEntries(
      members.map(({ name, type, offset }) => [
        name,
        type === 'f32' ? view.getFloat32(stride * i + offset, true) : view.getUint32(stride * i + offset, true),
      ]),
    );
  const [weight, recurrent, tau] = [
    net.parameters()[0]!,
    net.parameters()[1]!,
    net.parameters().find((p) => p.name === '0.tau')!,
  ];
  const entries = Array.from({ length: call.dims.entries! }, (_, i) => entry(i));
  expect(entries.find((e) => e.source === arena.offset(weight))).toEqual({
    first: expect.any(Number),
    rows: 8,
    quads: 3,
    source: arena.offset(weight),
    post: 9,
    pre: 6,
    form: 0,
    no_diagonal: 0,
    lowest: Math.fround(-3e38),
    highest: Math.fround(3e38),
    mask: 0xffffffff,
    signs: 0xffffffff,
    sign_row: 0,
    stored_as: 0,
  });
  expect(entries.find((e) => e.source === arena.offset(recurrent))).toMatchObject({
    rows: 12,
    quads: 3,
    post: 9,
    pre: 9,
    no_diagonal: 1,
  });
  expect(entries.find((e) => e.source === arena.offset(tau))).toMatchObject({
    rows: 1,
    quads: 3,
    post: 9,
    pre: 1,
    form: 2,
    lowest: Math.fround(1e-3),
    highest: 1e7,
  });
  entries.slice(1).forEach((e, i) => expect(e.first).toBe(entries[i]!.first! + entries[i]!.rows! * entries[i]!.quads!));
  expect(call.dims.total).toBe(entries.at(-1)!.first! + entries.at(-1)!.rows! * entries.at(-1)!.quads!);
});

it('variants keep the bindings and the Dims of their kernel', async () => {
  const byName = new Map(kernels.map((k) => [k.name, k]));
  for (const neuron of neurons.filter((_, i) => i % 7 === 0)) {
    const step = await stepOf(neuron, settings.at(-5)!);
    for (const { kernel, variant } of step.calls) checkBindings(byName.get(kernel.name)!, assemble(kernel, variant));
  }
  const texts = textsOf([['a LIF', await stepOf(neurons[2]!, plain)]]);
  expect([...texts.values()].map((t) => t.name)).toContain('cell_backward of a LIF');
});

describe('the assembler', () => {
  const kernel = defineKernel({
    name: 'small',
    wgsl: 'const N: u32 = 1u;\nconst FLAG: bool = false;\nfn f() {\n  // <part>\n  let old = 1;\n  // </part>\n}\n',
    dims: { count: 'u32', scale: 'f32' },
    storage: { x: 'read' },
  });

  it('puts constants and regions in place, with the indentation of the region', () => {
    expect(assemble(kernel, { constants: { N: 33, FLAG: true }, regions: { part: 'let a = 1;\nlet b = $1;' } })).toBe(
      'const N: u32 = 33u;\nconst FLAG: bool = true;\nfn f() {\n  // <part>\n  let a = 1;\n  let b = $1;\n  // </part>\n}\n',
    );
    expect(assemble(kernel, {})).toBe(kernel.source);
  });

  it('refuses constants and regions that the shader does not have', () => {
    expect(() => assemble(kernel, { constants: { M: 1 } })).toThrow("small.wgsl has no constant 'M'");
    expect(() => assemble(kernel, { regions: { other: '' } })).toThrow('small.wgsl has no region <other>');
  });

  it('writes Dims at their offsets, and refuses what is missing or no u32', () => {
    const view = new DataView(new ArrayBuffer(24));
    writeDims(kernel, { count: 7, scale: 0.5 }, view, 8);
    expect([view.getUint32(8, true), view.getFloat32(12, true)]).toEqual([7, 0.5]);
    expect(() => writeDims(kernel, { count: 7 }, view, 0)).toThrow('small: dims.scale has no value');
    for (const count of [-1, 1.5, 2 ** 32, Number.NaN]) {
      expect(() => writeDims(kernel, { count, scale: 1 }, view, 0)).toThrow(
        `small: dims.count must be a u32, got ${count}`,
      );
    }
  });
});
