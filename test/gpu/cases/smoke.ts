import { assert, assertClose, assertEqual, assertThrows } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';

// WebGPU itself, without the library: when these fail, the machine is to blame.

gpuCase(
  'an adapter with room for eight storage buffers',
  async ({ gpu, log }) => {
    const adapter = await gpu.requestAdapter();
    assert(adapter, 'requestAdapter() gave null');
    log('features:', [...adapter.features].join(' '));
    assert(adapter.limits.maxStorageBuffersPerShaderStage >= 8, 'fewer than eight storage buffers a stage');
    assert(adapter.info.vendor !== undefined, 'the adapter has no info');
  },
  { worker: true },
);

gpuCase(
  'a compute dispatch gives right numbers',
  async ({ gpu }) => {
    const device = await (await gpu.requestAdapter())!.requestDevice();
    const count = 1000;
    const module = device.createShaderModule({
      code: /* wgsl */ `
        @group(0) @binding(0) var<storage, read_write> data: array<f32>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
          if (id.x < arrayLength(&data)) { data[id.x] = sqrt(f32(id.x)) - 3.0 * data[id.x]; }
        }`,
    });
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: count * 4, usage });
    const read = device.createBuffer({ size: count * 4, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    device.queue.writeBuffer(
      buffer,
      0,
      Float32Array.from({ length: count }, (_, i) => i),
    );
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = [{ binding: 0, resource: { buffer } }];
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(Math.ceil(count / 64));
    pass.end();
    encoder.copyBufferToBuffer(buffer, 0, read, 0, count * 4);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(GPUMapMode.READ);
    const result = new Float32Array(read.getMappedRange().slice(0));
    device.destroy();
    const expected = Float64Array.from({ length: count }, (_, i) => Math.sqrt(i) - 3 * i);
    assertClose(result, expected, { relToMax: 1e-6 });
  },
  { worker: true },
);

gpuCase('a shader that does not compile is reported', async ({ gpu }) => {
  const device = await (await gpu.requestAdapter())!.requestDevice();
  const module = device.createShaderModule({ code: '@compute @workgroup_size(1) fn main() { let a: u32 = 1.5; }' });
  const messages = (await module.getCompilationInfo()).messages.filter(({ type }) => type === 'error');
  assertEqual(messages.length > 0, true, 'compilation errors reported');
  await assertThrows(() => device.createComputePipelineAsync({ layout: 'auto', compute: { module } }), /./);
  device.destroy();
});
