/**
 * How the page is built: `vite build ui/web` writes ui/web/dist, which the server hands out as it
 * is. Everything the page needs is in there (no CDN, no web fonts), so it works without a network.
 * The config stands in the page's own folder because that folder is Vite's root.
 */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    reportCompressedSize: false,
  },
})
