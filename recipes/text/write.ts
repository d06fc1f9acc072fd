import seedrandom from 'seedrandom';
import { type Engine, type Sequential, Stepper } from 'spiketape';

/**
 * Lets the net go on writing: each next character is drawn from its softmax at the temperature, and goes in again.
 *
 * @returns the start and what follows it
 */
export async function write(
  engine: Engine,
  net: Sequential,
  vocabulary: readonly string[],
  { start, length, temperature = 0.8, seed }: { start: string; length: number; temperature?: number; seed: number },
): Promise<string> {
  const random = seedrandom(`${seed}/text`);
  const stepper = new Stepper(engine, net, { form: 'bits' });
  const codes = [...start].map((c) => vocabulary.indexOf(c)).filter((code) => code >= 0);
  if (codes.length === 0) codes.push(0);
  let text = codes.map((code) => vocabulary[code]).join('');
  const step = async (code: number): Promise<Float32Array> => {
    const x = new Float32Array(vocabulary.length);
    x[code] = 1;
    return stepper.step(x);
  };
  let outputs = new Float32Array(vocabulary.length);
  for (const code of codes) outputs = (await step(code)) as Float32Array<ArrayBuffer>;
  for (let i = 0; i < length; i++) {
    const largest = outputs.reduce((a, b) => Math.max(a, b));
    const weights = outputs.map((o) => Math.exp((o - largest) / temperature));
    let left = random() * weights.reduce((a, b) => a + b, 0);
    let code = 0;
    while (code < weights.length - 1 && left >= weights[code]!) left -= weights[code++]!;
    text += vocabulary[code];
    outputs = (await step(code)) as Float32Array<ArrayBuffer>;
  }
  return text;
}
