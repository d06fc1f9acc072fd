import type { Layer, LayerConfig } from './layer.ts';

type Build = (config: LayerConfig) => Layer;

/** How layers of other entries are rebuilt from their config: those whose entry was imported. */
export const registered = new Map<string, Build>();

/** Makes a kind of layer known to `loadModel`. An entry calls it when it is imported. */
export const registerKind = (kind: string, build: Build): void => {
  registered.set(kind, build);
};
