export interface BrowserSearch {
  env?: Record<string, string | undefined>;
  platform?: string;
  home?: string;
  exists?: (file: string) => boolean;
}

export function puppeteerCache(env?: Record<string, string | undefined>, home?: string): string;
export function findBrowser(search?: BrowserSearch): string | null;
