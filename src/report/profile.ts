import { escapeHtml } from './html.ts';
import { formatNumber } from './scale.ts';
import type { KernelTimes } from './types.ts';

/** The operations of a training step with what each takes, longest first, and the sums. */
export function renderProfile(profile: KernelTimes): string {
  const { adapter, method, steps, ms, wallMs, dispatchesPerStep, submitsPerStep } = profile;
  const body = profile.rows.map(({ label, kernel, dispatches, msPerStep, share, bytesPerStep }) => {
    const cells = [
      escapeHtml(kernel),
      formatNumber(dispatches),
      formatNumber(msPerStep, 3),
      `<span class="bar"><i style="width:${Math.round(100 * Math.max(0, Math.min(1, share)))}%"></i></span><span class="share">${(100 * share).toFixed(1)} %</span>`,
      formatNumber(bytesPerStep / 1e6, 3),
    ];
    return `<tr><th scope="row">${escapeHtml(label)}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const head = ['operation', 'kernel', 'dispatches', 'ms a step', 'share', 'MB bound a step'];
  const sums = `${formatNumber(ms / steps, 3)} ms a step in kernels, ${formatNumber(wallMs / steps, 3)} by the clock; dispatches a step: ${formatNumber(dispatchesPerStep)}, submits: ${formatNumber(submitsPerStep)}`;
  return `<figure class="card"><figcaption>Time by operation <span class="aside">${escapeHtml(`${formatNumber(steps)} steps, ${method}, ${adapter}`)}</span></figcaption>
<div class="scroll"><table class="plain"><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>
<p class="none">${sums}</p></figure>`;
}
