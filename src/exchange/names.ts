/** A path in its parts: `runs/x/model.safetensors` is folder `runs/x`, stem `model`, extension `.safetensors`. */
export function partsOf(path: string): { folder: string; stem: string; extension: string } {
  const slash = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  const name = path.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  const whole = dot <= 0;
  return {
    folder: slash < 0 ? '' : path.slice(0, slash) || '/',
    stem: whole ? name : name.slice(0, dot),
    extension: whole ? '' : name.slice(dot).toLowerCase(),
  };
}
