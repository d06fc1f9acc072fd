import type { Engine } from '../autograd/engine.ts';
import { judgeNorm } from '../diagnose/gradients.ts';
import { warningOf } from '../diagnose/watch.ts';
import type { Sequential } from '../layers/sequential.ts';
import { isBetter } from './early_stop.ts';
import { evaluate } from './evaluate.ts';
import { type Checkpointing, type EpochResult, type FitOptions, type FitResult, settingsOf } from './options.ts';
import { shuffled } from './order.ts';
import { named, Progress } from './progress.ts';
import { Rescue } from './rescue.ts';
import { checkSettings, fingerprint } from './snapshot.ts';
import { type BatchSource, batches } from './source.ts';
import { trainer } from './step.ts';

/** Milliseconds between two calls of onProgress at least. */
const SHOW_EVERY = 100;

/**
 * Trains a net. Its state starts at 0 with every batch; after every epoch the parameters on the CPU are those trained. With
 * `checkpoint` and `resume` a training can be interrupted anywhere; when the device is lost, it goes on by itself.
 *
 * @throws when the data does not fit the net, when the batch is larger than the set, when a batch cannot be had, when the
 *   loss is not finite, or when a snapshot cannot be saved or is of other settings
 */
export async function fit(engine: Engine, net: Sequential, set: BatchSource, options: FitOptions): Promise<FitResult> {
  const o = settingsOf(engine, net, set, options);
  const { loss, optimizer, epochs, batchSize, validation, seed, schedule, precision, bound } = o;
  const { signal, earlyStop, checkpoint, resume, onProgress, onEpoch, onWarning } = o;
  const perEpoch = Math.ceil(set.count / batchSize);
  const steps = epochs * perEpoch;
  const { scale } = optimizer;
  const now = new Progress(net, engine.bind(net), optimizer, fingerprint(net, set, o));
  const rescue = new Rescue(engine, o, now);
  const train = trainer(engine, net, set.steps, o);
  let saved = now.began;
  let shown = 0;
  let warned = false;
  // when some steps are done again, onEpoch is not told again
  let told = resume?.epochs.length ?? 0;

  const over = (): boolean =>
    now.epoch > epochs || (!!earlyStop && !!now.best && now.epoch > now.best.epoch + earlyStop.patience);

  const save = async (why: Parameters<Checkpointing['save']>[1]): Promise<void> => {
    if (!checkpoint) return;
    const snapshot = await now.snapshot();
    try {
      await checkpoint.save(snapshot, why);
    } catch (cause) {
      throw new Error(`fit: the checkpoint could not be saved: ${(cause as Error).message}`, { cause });
    }
    // short epochs may not have made a file
    if (why !== 'epoch') saved = performance.now();
  };

  const trainBatches = async (): Promise<void> => {
    const { epoch, readings } = now;
    const order = shuffled(set.count, `${seed}/epoch ${epoch}`);
    for await (const batch of batches('fit', set, order, batchSize, now.batch)) {
      if (signal?.aborted) break;
      const step = (epoch - 1) * perEpoch + now.batch;
      if (schedule) optimizer.scale = scale * schedule(step / steps, epoch - 1);
      await train(batch, step, readings);
      now.batch++;
      const [time, { score }] = [performance.now(), readings.monitor];
      if (onProgress && score.samples > 0 && (time - shown > SHOW_EVERY || step + 1 === steps)) {
        shown = time;
        onProgress({ ...score, epoch, step: step + 1, steps });
      }
      rescue.tick();
      if (time - saved >= 1000 * (checkpoint?.every ?? 300)) await save('time');
    }
  };

  const score = (set: BatchSource) =>
    evaluate(engine, net, set, { loss, seed, precision, ...(signal ? { signal } : {}) }).catch((error) => {
      // stopped while it was scored: the epoch's training is whole all the same
      if (signal?.aborted) return null;
      throw error;
    });

  const trainEpoch = async (): Promise<void> => {
    const { epoch, readings } = now;
    try {
      await trainBatches();
    } catch (error) {
      // leave no report of a failed epoch behind for the next one
      await readings.done().catch(() => undefined);
      throw error;
    }
    await readings.done();
    const { gradientNorm, monitor } = readings;
    const exploding = gradientNorm && bound ? judgeNorm(gradientNorm.largest, bound) : [];
    const wrong = warned ? [] : [...monitor.watch.findings(), ...exploding];
    if (wrong.length > 0) {
      warned = true;
      onWarning(warningOf(wrong));
    }
    await engine.pull(net);
    const { seconds } = now;
    const scored = validation && !signal?.aborted ? await score(validation) : null;
    const whole = now.batch === perEpoch && (scored || !validation);
    // it goes on here when it is resumed
    if (now.batch === 0 || (!whole && checkpoint)) return;
    const lr = optimizer.lr * optimizer.scale;
    const result: EpochResult = { ...monitor.score, epoch, lr, gradientNorm, seconds, validation: scored };
    now.epochs = [...now.epochs, result];
    if (whole) {
      const value = earlyStop ? scored![earlyStop.metric ?? 'loss'] : 0;
      if (earlyStop && isBetter(value, now.best, earlyStop))
        now.best = { epoch, value, parameters: named(net, (p) => p.data.slice()) };
      now.next();
    }
    if (epoch > told) await onEpoch?.(result);
    told = Math.max(told, epoch);
    if (!whole) return;
    await rescue.keep();
    await save(over() ? 'end' : 'epoch');
  };

  try {
    if (resume) {
      checkSettings(resume.settings, now.settings);
      if (resume.adapter !== engine.device.name)
        onWarning(`fit: the snapshot is from ${resume.adapter}; here the last bits of what follows will be others`);
      now.restore(resume);
    }
    await rescue.keep();
    for (;;) {
      try {
        while (!over() && !signal?.aborted) await trainEpoch();
        if (!over()) await save('abort');
        break;
      } catch (error) {
        now.restore(await rescue.recover(error));
      }
    }
    if (over() && now.best && earlyStop?.restoreBest !== false) now.put(now.best.parameters);
  } finally {
    optimizer.scale = scale;
  }
  const best = now.best && { epoch: now.best.epoch, value: now.best.value };
  return { epochs: now.epochs, aborted: signal?.aborted ?? false, best };
}
