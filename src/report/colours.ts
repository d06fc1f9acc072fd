/** A page's colours by name; series colours, c0 to c7, are Okabe and Ito's, darkened or lightened until text in them is readable. */
export type Colours = Readonly<Record<string, string>>;

export const light: Colours = {
  ...{ page: '#f7f7f5', card: '#ffffff', edge: '#e3e3df', text: '#1c1d1f', dim: '#5d6066', faint: '#8b8e94' },
  ...{ grid: '#e9e9e6', axis: '#7d8085', band: '#f4f5f7', 'band-odd': '#eaedf1' },
  ...{ hit: '#0068a8', miss: '#c8500a', on: '#ffffff' },
  ...{ c0: '#0068a8', c1: '#c8500a', c2: '#007f5c', c3: '#a4478a', c4: '#8a6500', c5: '#4f7fb5', c6: '#7a3e9d' },
  c7: '#5a5d63',
};

export const dark: Colours = {
  ...{ page: '#141517', card: '#1c1e21', edge: '#303338', text: '#e9eaec', dim: '#a6aab1', faint: '#80848b' },
  ...{ grid: '#2b2e32', axis: '#777b82', band: '#202327', 'band-odd': '#282c32' },
  ...{ hit: '#56b4e9', miss: '#ff8a4a', on: '#101214' },
  ...{ c0: '#56b4e9', c1: '#ff8a4a', c2: '#35c49a', c3: '#e69bc6', c4: '#e8b23a', c5: '#9fc3f5', c6: '#c79bf0' },
  c7: '#b4b8bf',
};

const properties = (colours: Colours): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}: ${value};`)
    .join(' ');

/** Both as properties of the page, as the reader's system asks. */
export const colourStyle = `
:root { color-scheme: light dark; ${properties(light)} }
@media (prefers-color-scheme: dark) {
  :root { ${properties(dark)} }
}`;
