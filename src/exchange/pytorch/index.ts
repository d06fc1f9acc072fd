import type { Sequential } from '../../layers/sequential.ts';
import { type Exported, refuse } from '../exported.ts';
import { modelFiles } from '../model_file.ts';
import { checkPytorch } from './check.ts';
import { pythonModule } from './text.ts';

export { checkPytorch } from './check.ts';
export { pythonModule } from './text.ts';

export interface PytorchOptions {
  /** How the files' names begin ('model'). */
  readonly name?: string;
}

/**
 * A net as a module of plain PyTorch, `NAME.py`, that loads `NAME.safetensors` strictly, runs the net and can be trained
 * further: a class for each form of neuron with the equations of its definition, the surrogate derivative of its spikes
 * included. `python NAME.py` compares it with a sample of the net's activity.
 *
 * @throws when a layer is of a kind that this library does not know
 */
export async function encodePytorch(net: Sequential, options: PytorchOptions = {}): Promise<Exported> {
  const verdict = checkPytorch(net, options);
  refuse('PyTorch', verdict);
  const { name = 'model' } = options;
  return {
    ...verdict,
    files: [
      { name: `${name}.py`, bytes: new TextEncoder().encode(pythonModule(net, name)) },
      // a name of their own: a saved net of this name is not written over
      { name: `${name}.weights.safetensors`, bytes: modelFiles(net).safetensors },
    ],
  };
}
