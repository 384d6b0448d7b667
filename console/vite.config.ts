/**
 * Builds the console into dist/, which the gateway serves; stops where a page would bring more script than it may. In
 * development it stands before a running gateway.
 */
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import solid from 'vite-plugin-solid';
import { type Chunk, findTooMuch } from './first-load.ts';

const gateway = process.env.OIO_GATEWAY_URL ?? 'http://127.0.0.1:8000';
const FIRST_PAGE = 'pages/wall.tsx';
/** Browsers of 2024: they know light-dark(), in which the tokens are written. */
const CSS_TARGET = ['chrome123', 'firefox120', 'safari17.5'];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [solid(), guardFirstLoad()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: CSS_TARGET,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      // The host stays that of the page: the gateway refuses what comes from a page of another one.
      '/api': { target: gateway, changeOrigin: false },
      '/events': { target: gateway, changeOrigin: false },
      '/docs': { target: gateway, changeOrigin: false },
      '/openapi.json': { target: gateway, changeOrigin: false },
      '/ws': { target: gateway, changeOrigin: false, ws: true },
    },
  },
});

function guardFirstLoad(): Plugin {
  return {
    name: 'first-load',
    apply: 'build',
    generateBundle: {
      // After what makes the code small.
      order: 'post',
      handler(_options, bundle) {
        const chunks: Chunk[] = Object.values(bundle).flatMap((part) =>
          part.type === 'chunk'
            ? [
                {
                  file: part.fileName,
                  source: part.facadeModuleId,
                  imports: part.imports,
                  isEntry: part.isEntry,
                  gzipBytes: gzipSync(part.code, { level: 9 }).length,
                },
              ]
            : [],
        );
        const faults = findTooMuch(chunks, FIRST_PAGE);
        if (faults.length > 0) this.error(faults.join('\n'));
      },
    },
  };
}
