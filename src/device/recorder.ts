import type { Contents, Device, Executable, MemoryReport, Step } from './device.ts';

/**
 * A device that runs nothing and keeps the steps that it is asked to compile: for printing shaders, for looking at what
 * a net becomes, and for tests, all without an adapter.
 */
export class Recorder implements Device {
  readonly name = 'recorder';
  readonly features: ReadonlySet<string> = new Set();
  readonly steps: Step[] = [];

  /** @param limits what the steps are made for; by default those that every WebGPU adapter has */
  constructor(readonly limits: Device['limits'] = { maxWorkgroup: 256, maxBinding: 128 * 2 ** 20 }) {}

  async compile(step: Step): Promise<Executable> {
    this.steps.push(step);
    return new RecordedStep();
  }

  write(): void {}

  async read(): Promise<Float32Array> {
    throw new Error('recorder: it runs nothing, so there is nothing to read');
  }

  free(): void {}

  report(): MemoryReport {
    return { liveBytes: 0, liveBuffers: 0, pooledBytes: 0, pooledBuffers: 0 };
  }

  dispose(): void {}
}

class RecordedStep implements Executable {
  runs = 0;

  async run(): Promise<void> {
    this.runs++;
  }

  async read(): Promise<Contents> {
    throw new Error('recorder: it runs nothing, so there is nothing to read');
  }

  async collect(): Promise<Contents[][]> {
    return [];
  }

  dispose(): void {}
}
