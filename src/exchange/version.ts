/** The release that files name as their maker: that of package.json. */
export const VERSION = '0.1.0';
