import { dimsLayout } from './layout.ts';

export type Access = 'read' | 'read_write';
export type Scalar = 'u32' | 'f32';

/**
 * A kernel: a shader in `shaders/` and the layout of its bindings. Binding 0 is the step block, binding 1 its own
 * `Dims`, the storage buffers follow in the order given here.
 */
export interface Kernel {
  readonly name: string;
  readonly source: string;
  readonly dims: readonly { readonly name: string; readonly type: Scalar; readonly offset: number }[];
  readonly dimsSize: number;
  readonly storage: readonly { readonly name: string; readonly access: Access }[];
}

export function defineKernel(source: {
  name: string;
  wgsl: string;
  dims: Record<string, Scalar>;
  storage: Record<string, Access>;
}): Kernel {
  const { offsets, size } = dimsLayout(Object.keys(source.dims));
  return {
    name: source.name,
    source: source.wgsl,
    dims: Object.entries(source.dims).map(([name, type], i) => ({ name, type, offset: offsets[i]! })),
    dimsSize: size,
    storage: Object.entries(source.storage).map(([name, access]) => ({ name, access })),
  };
}

/** Writes one kernel's Dims into a uniform buffer's bytes. */
export function writeDims(kernel: Kernel, values: Readonly<Record<string, number>>, into: DataView, at: number): void {
  for (const { name, type, offset } of kernel.dims) {
    const value = values[name];
    if (value === undefined) throw new Error(`${kernel.name}: dims.${name} has no value`);
    if (type === 'f32') into.setFloat32(at + offset, value, true);
    else {
      if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 32))
        throw new Error(`${kernel.name}: dims.${name} must be a u32, got ${value}`);
      into.setUint32(at + offset, value, true);
    }
  }
}

/** What makes one variant of a kernel: values for its constants, and text for its marked regions. */
export interface Variant {
  readonly constants?: Readonly<Record<string, number | boolean>>;
  readonly regions?: Readonly<Record<string, string>>;
}

/**
 * The shader's text with the variant's constants and regions in place.
 *
 * A region stands between `// <name>` and `// </name>`; a constant is a line `const NAME: type = value;`.
 *
 * @throws when the shader has no such region or constant
 */
export function assemble(kernel: Kernel, variant: Variant): string {
  let text = kernel.source;
  for (const [name, value] of Object.entries(variant.constants ?? {})) {
    const line = new RegExp(`^(const ${name}: (u32|bool|f32) = )[^;]*;`, 'm');
    if (!line.test(text)) throw new Error(`assemble: ${kernel.name}.wgsl has no constant '${name}'`);
    text = text.replace(line, (_, head: string, type: string) => `${head}${type === 'u32' ? `${value}u` : value};`);
  }
  for (const [name, body] of Object.entries(variant.regions ?? {})) {
    const region = new RegExp(`^([ \\t]*)// <${name}>\\n[\\s\\S]*?^[ \\t]*// </${name}>$`, 'm');
    if (!region.test(text)) throw new Error(`assemble: ${kernel.name}.wgsl has no region <${name}>`);
    text = text.replace(region, (_, indent: string) => {
      const lines = body === '' ? [] : body.split('\n').map((l) => indent + l);
      return [`${indent}// <${name}>`, ...lines, `${indent}// </${name}>`].join('\n');
    });
  }
  return text;
}

/** Identifies a variant. */
export const variantKey = (kernel: Kernel, v: Variant): string =>
  JSON.stringify([kernel.name, v.constants ?? {}, v.regions ?? {}]);
