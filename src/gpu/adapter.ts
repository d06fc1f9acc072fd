/** Features that are used where the adapter has them. */
const wanted: GPUFeatureName[] = ['timestamp-query', 'subgroups', 'shader-f16'];

/** Limits that are raised to what the adapter can do. */
const raised = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
] as const;

export interface Adapter {
  readonly device: GPUDevice;
  /** Vendor, architecture and description, as one line. */
  readonly name: string;
  /** A CPU plays the GPU: SwiftShader, lavapipe. */
  readonly software: boolean;
  /** Threads of a workgroup that surely run. */
  readonly threads: number;
}

/**
 * The one place that asks for adapter and device.
 *
 * @param gpu `navigator.gpu` by default; in Node, Dawn's
 * @param without features to leave alone although the adapter has them
 * @throws when there is no WebGPU or no adapter
 */
export async function requestAdapter(
  gpu: GPU | undefined = globalThis.navigator?.gpu,
  without: readonly string[] = [],
): Promise<Adapter> {
  if (!gpu) {
    throw new Error(
      'no WebGPU here: navigator.gpu is missing. Use a browser that has it (Chrome or Edge 113+, Safari 26+, Firefox 141+), or run the script with `npx spiketape run`.',
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new Error(
      'no WebGPU adapter: the browser, or Dawn, offers none. In Chrome look at chrome://gpu; without a GPU start it with --enable-unsafe-webgpu, which gives the SwiftShader adapter. In Node, Dawn needs a Vulkan driver; without a GPU one that a CPU plays, such as that of the package mesa-vulkan-drivers.',
    );
  }
  const device = await adapter.requestDevice({
    requiredFeatures: wanted.filter((f) => adapter.features.has(f) && !without.includes(f)),
    requiredLimits: Object.fromEntries(raised.map((l) => [l, adapter.limits[l]])),
  });
  const { vendor, architecture, description, device: model } = adapter.info;
  const name = [description || model || '', [vendor, architecture].filter(Boolean).join(' ')].filter(Boolean);
  return {
    device,
    software: adapter.info.isFallbackAdapter ?? false,
    threads: threadsOf(adapter.info, device.limits),
    name: name.length > 1 ? `${name[0]} (${name[1]})` : (name[0] ?? 'unknown adapter'),
  };
}

/**
 * Under Metal a pipeline that needs many registers runs fewer threads a workgroup than the limits say, and a dispatch of more is
 * dropped without an error (gpuweb/gpuweb issue 5315): there the number that every device has.
 */
export const threadsOf = ({ vendor }: { readonly vendor: string }, limits: GPUSupportedLimits): number =>
  Math.min(
    limits.maxComputeInvocationsPerWorkgroup,
    limits.maxComputeWorkgroupSizeX,
    vendor === 'apple' ? 256 : Number.POSITIVE_INFINITY,
  );
