import { Engine } from './autograd/engine.ts';
import { GpuDevice, type GpuOptions } from './gpu/device.ts';

/**
 * Opens the GPU.
 *
 * @throws when there is no WebGPU or no adapter
 */
export async function init(options: GpuOptions = {}): Promise<Engine<GpuDevice>> {
  return new Engine(await GpuDevice.open(options));
}
