/** Notes the name of every adapter that whoever runs here asks for, in order. */
export function watchAdapters(gpu: GPU): readonly string[] {
  const names: string[] = [];
  const request = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await request(options);
    if (adapter) names.push(nameOf(adapter.info));
    return adapter;
  };
  return names;
}

const nameOf = ({ vendor, architecture, device, description }: GPUAdapterInfo): string =>
  [vendor, architecture, device, description].filter(Boolean).join(' ') || 'unknown adapter';
