import type { Call, Contents, Executable, Step, StepInput, StepInputs } from '../device/device.ts';
import { byteLength, type Storage } from '../device/storage.ts';
import { budgetOf } from '../kernels/budget.ts';
import { writeDims } from '../kernels/kernel.ts';
import { SLOTS, SLOTS_AT, STEP_BLOCK_SIZE } from '../kernels/layout.ts';
import type { GpuDevice } from './device.ts';
import { planMemory } from './plan.ts';
import { Reports } from './reports.ts';

const UNIFORM_ALIGNMENT = 256;

/** A call as it is encoded. */
export interface Dispatch {
  readonly call: Call;
  /** Sizes of what it binds, summed. */
  readonly bytes: number;
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly groups: readonly [number, number, number];
  readonly lastOfSubmit: boolean;
}

/** A compiled step on the GPU: recorded once, replayed with the same buffers, bind groups and pipelines. */
export class GpuStep implements Executable {
  runs = 0;
  readonly #block = new ArrayBuffer(STEP_BLOCK_SIZE);
  #dispatches: Dispatch[] = [];
  #disposed = false;

  private constructor(
    readonly gpu: GpuDevice,
    readonly step: Step,
    readonly buffers: ReadonlyMap<Storage, GPUBuffer>,
    readonly owned: readonly GPUBuffer[],
    readonly uniforms: GPUBuffer,
    readonly block: GPUBuffer,
    readonly reports: Reports | null,
  ) {}

  static async compile(gpu: GpuDevice, step: Step): Promise<GpuStep> {
    const { memory } = gpu;
    checkSizes(step, gpu.limits.maxBinding);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const uniform = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const owned: GPUBuffer[] = [];
    const take = async (name: string, bytes: number, use: GPUBufferUsageFlags): Promise<GPUBuffer> => {
      const buffer = await memory.take(name, bytes, use);
      owned.push(buffer);
      return buffer;
    };
    try {
      const buffers = new Map<Storage, GPUBuffer>();
      const plan = planMemory(step);
      const taken = await Promise.allSettled(plan.buffers.map((b) => take(b.name, b.bytes, usage)));
      const made = taken.map((t) => {
        if (t.status === 'rejected') throw t.reason;
        return t.value;
      });
      for (const [s, n] of plan.place) buffers.set(s, made[n]!);
      for (const s of step.inputs.values()) buffers.set(s, await take(s.name, byteLength(s), usage));
      // what is kept may be a constant that no call touches: a gradient that is 0 throughout
      for (const s of [...step.calls.flatMap((call) => Object.values(call.buffers)), ...step.kept, ...step.reports]) {
        if (!s || buffers.has(s)) continue;
        if (s.role === 'persistent') buffers.set(s, await gpu.persistent(s));
        if (s.role === 'constant') {
          buffers.set(s, await take(s.name, byteLength(s), usage));
          gpu.device.queue.writeBuffer(buffers.get(s)!, 0, s.data as Uint32Array<ArrayBuffer>);
        }
      }
      for (const { storage } of step.clear) buffers.set(storage, await gpu.persistent(storage));
      const uniforms = await take('uniforms', UNIFORM_ALIGNMENT * Math.max(1, step.calls.length), uniform);
      const block = await take('step', STEP_BLOCK_SIZE, uniform);
      const reports = step.reports.length
        ? new Reports(gpu, step.reports, await take('reports', Reports.ringBytes(step.reports), usage))
        : null;
      const compiled = new GpuStep(gpu, step, buffers, owned, uniforms, block, reports);
      await compiled.#record();
      return compiled;
    } catch (error) {
      for (const b of owned) memory.give(b);
      throw error;
    }
  }

  /** Makes pipelines and bind groups, and writes what never changes from step to step. */
  async #record(): Promise<void> {
    const { gpu, step } = this;
    const pipelines = await gpu.alive(Promise.all(step.calls.map((c) => gpu.pipelines.get(c.kernel, c.variant))));
    const dims = new DataView(new ArrayBuffer(UNIFORM_ALIGNMENT * step.calls.length));
    const { submit } = budgetOf(gpu.limits);
    let work = 0;
    gpu.device.pushErrorScope('validation');
    this.#dispatches = step.calls.map((call, i) => {
      const at = UNIFORM_ALIGNMENT * i;
      writeDims(call.kernel, call.dims, dims, at);
      let bytes = 0;
      const storage = call.kernel.storage.map(({ name }, k): GPUBindGroupEntry => {
        const s = call.buffers[name];
        if (s === undefined) throw new Error(`${call.label}: nothing is bound to '${name}'`);
        if (!s) return { binding: 2 + k, resource: { buffer: gpu.dummy(k) } };
        // a pooled or shared buffer may be longer than what lives in it
        const size = Math.max(16, Math.ceil(byteLength(s) / 16) * 16);
        bytes += size;
        return { binding: 2 + k, resource: { buffer: this.buffers.get(s)!, size } };
      });
      gpu.memory.counters.bindGroups++;
      work += call.work ?? 0;
      const lastOfSubmit = work > submit || i === step.calls.length - 1;
      if (lastOfSubmit) work = 0;
      return {
        call,
        bytes,
        pipeline: pipelines[i]!,
        groups: call.groups,
        lastOfSubmit,
        bindings: gpu.device.createBindGroup({
          label: call.label,
          layout: gpu.pipelines.layout(call.kernel),
          entries: [
            { binding: 0, resource: { buffer: this.block } },
            {
              binding: 1,
              resource: { buffer: this.uniforms, offset: at, size: Math.ceil(call.kernel.dimsSize / 16) * 16 },
            },
            ...storage,
          ],
        }),
      };
    });
    const error = await gpu.alive(gpu.device.popErrorScope());
    if (error) throw new Error(`binding the step: ${error.message}`);
    if (dims.byteLength) gpu.device.queue.writeBuffer(this.uniforms, 0, dims.buffer as ArrayBuffer);
  }

  async run(inputs: StepInputs): Promise<void> {
    const { gpu } = this;
    gpu.check();
    if (this.#disposed) throw new Error('this compiled step was thrown away');
    if (inputs.slots.length > SLOTS)
      throw new Error(
        `a step has room for ${SLOTS} numbers that vary, this one has ${inputs.slots.length}; use fewer layers or regularisers`,
      );
    gpu.timer?.ready();
    const queue = gpu.device.queue;
    new Uint32Array(this.#block).set([inputs.seed >>> 0, inputs.step >>> 0]);
    new Float32Array(this.#block, SLOTS_AT).set(inputs.slots);
    queue.writeBuffer(this.block, 0, this.#block);

    let encoder = gpu.device.createCommandEncoder();
    for (const [id, storage] of this.step.inputs) this.#feed(encoder, storage, inputs.data.get(id)!);
    for (const { storage, from, count } of this.step.clear)
      encoder.clearBuffer(this.buffers.get(storage)!, 4 * from, 4 * count);
    // at once: whoever called takes note of the number of this run
    this.runs++;
    const encoded = (gpu.timer ?? this).encode(encoder, this.#dispatches);
    encoder = encoded instanceof Promise ? await encoded : encoded;
    this.reports?.encode(encoder, (s) => this.buffers.get(s)!);
    gpu.submit(encoder);
    this.reports?.submitted();
    gpu.memory.counters.dispatches += this.#dispatches.length;
    await gpu.breathe();
  }

  /** All in one pass, except where a long step goes on in another submit. Gives the encoder to go on with. */
  encode(encoder: GPUCommandEncoder, dispatches: readonly Dispatch[]): GPUCommandEncoder {
    const { gpu } = this;
    let pass = encoder.beginComputePass();
    for (const [i, { pipeline, bindings, groups, lastOfSubmit }] of dispatches.entries()) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(...groups);
      if (!lastOfSubmit || i === dispatches.length - 1) continue;
      pass.end();
      gpu.submit(encoder);
      encoder = gpu.device.createCommandEncoder();
      pass = encoder.beginComputePass();
    }
    pass.end();
    return encoder;
  }

  async read(storage: Storage): Promise<Contents> {
    this.#present(storage);
    const words = await this.gpu.readBuffer(this.buffers.get(storage)!, 0, byteLength(storage));
    return { packed: true, words };
  }

  async collect(): Promise<Contents[][]> {
    return this.reports ? this.reports.collect() : [];
  }

  /** Gives the memory back. Reports that nobody collected yet are read back before. */
  dispose(): void {
    if (this.#disposed) return;
    this.reports?.flush();
    this.#disposed = true;
    for (const b of this.owned) this.gpu.memory.give(b);
  }

  /** @throws when what the step kept is gone */
  #present(storage: Storage): void {
    if (this.#disposed)
      throw new Error(
        `${storage.name} is gone: its compiled step was thrown away after too many of other forms; read it sooner`,
      );
  }

  #feed(encoder: GPUCommandEncoder, to: Storage, data: StepInput): void {
    const buffer = this.buffers.get(to)!;
    if (data instanceof Float32Array || data instanceof Uint32Array) {
      this.gpu.device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
      return;
    }
    const from = data.executable as GpuStep;
    if (from.gpu !== this.gpu)
      throw new Error(`${to.name}: its source lies on another device; read it there and pass the numbers`);
    from.#present(data.storage);
    if (from.runs !== data.run) throw new Error(`${to.name}: its source was overwritten by a later step`);
    encoder.copyBufferToBuffer(from.buffers.get(data.storage)!, 0, buffer, 0, byteLength(to));
  }
}

/** @throws naming the first tensor that is too large to be bound, before anything is allocated */
function checkSizes(step: Step, limit: number): void {
  const all = [...step.inputs.values(), ...step.calls.flatMap((c) => Object.values(c.buffers))];
  const large = all.find((s) => s && byteLength(s) > limit);
  if (large)
    throw new Error(
      `${large.name}: [${large.shape.join(', ')}] takes ${byteLength(large)} bytes, the adapter binds at most ${limit}; use ${
        large.form === 'words'
          ? 'narrower layers: the parameters of a net are one piece of memory, all weights that a step reads another'
          : 'a smaller batch, fewer steps or a smaller layer'
      }`,
    );
}
