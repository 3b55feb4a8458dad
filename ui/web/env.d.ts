/** Lets TypeScript accept the style sheets that Vite bundles. */
/// <reference types="vite/client" />
