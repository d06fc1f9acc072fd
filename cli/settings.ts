/**
 * A script's arguments as settings, by name: `['--epochs', '5', '--no-shuffle']` is epochs 5 and shuffle no. As `options`
 * of `spiketape/host` reads them, without knowing what the script accepts.
 */
export function settingsOf(args: readonly string[]): Map<string, string> {
  const settings = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (!arg.startsWith('--')) {
      settings.set(`argument ${settings.size + 1}`, arg);
      continue;
    }
    const equals = arg.indexOf('=');
    const name = kebab(arg.slice(2, equals < 0 ? undefined : equals));
    const next = args[i + 1];
    if (equals >= 0) settings.set(name, plain(arg.slice(equals + 1)));
    else if (next !== undefined && !next.startsWith('--')) {
      settings.set(name, plain(next));
      i++;
    } else if (name.startsWith('no-')) settings.set(name.slice(3), 'no');
    else settings.set(name, 'yes');
  }
  return settings;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** One text for a value that can be written in several ways. */
function plain(value: string): string {
  if (value === 'true') return 'yes';
  if (value === 'false') return 'no';
  const number = value.trim() === '' ? Number.NaN : Number(value);
  return Number.isFinite(number) ? String(number) : value;
}
