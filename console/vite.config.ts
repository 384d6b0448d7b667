/** Builds the console into dist/, which the gateway serves. In development it stands before a running gateway. */
import { defineConfig } from 'vite';
import solid from 'vite-plugin-solid';

const gateway = process.env.OIO_GATEWAY_URL ?? 'http://127.0.0.1:8000';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [solid()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/api': gateway,
      '/events': gateway,
      '/ws': { target: gateway, ws: true },
    },
  },
});
