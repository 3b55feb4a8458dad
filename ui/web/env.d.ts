/** Lets TypeScript accept the style sheets that Vite bundles, and types the little of Plotly that the page calls. */
/// <reference types="vite/client" />

declare module 'plotly.js-cartesian-dist-min' {
  export interface PlotEvent {
    readonly points: readonly { readonly x: number }[]
  }
  /** A div after Plotly has drawn into it. */
  export interface PlotElement extends HTMLElement {
    on(event: 'plotly_hover', listener: (event: PlotEvent) => void): void
    on(event: 'plotly_unhover', listener: () => void): void
  }
  type Json = Readonly<Record<string, unknown>>
  export interface Plotly {
    react(element: HTMLElement, data: readonly Json[], layout: Json, config: Json): Promise<PlotElement>
    relayout(element: HTMLElement, changes: Json): Promise<PlotElement>
    purge(element: HTMLElement): void
  }
  const plotly: Plotly
  export default plotly
}
