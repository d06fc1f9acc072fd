import { readdirSync } from 'node:fs';

/** Whether this machine shows a GPU to us. Only asked on Linux: elsewhere browsers find the GPU without being told. */
export function hasGpuDevice(): boolean {
  const hasNode = (folder: string, pattern: RegExp) => {
    try {
      return readdirSync(folder).some((name) => pattern.test(name));
    } catch {
      return false;
    }
  };
  return hasNode('/dev/dri', /^renderD/) || hasNode('/dev', /^(nvidia\d|dxg$|mali|kgsl)/);
}
