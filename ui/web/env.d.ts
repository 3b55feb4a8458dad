/** Lets TypeScript accept the style sheets that Vite bundles, and types the little of Plotly that the page calls. */
/// <reference types="vite/client" />

declare module 'plotly.js-cartesian-dist-min' {
  export interface PlotPoint {
    readonly x: number
    readonly y: number
    readonly curveNumber: number
  }
  export interface PlotEvent {
    readonly points: readonly PlotPoint[]
    readonly event: MouseEvent
  }
  /** A div after Plotly has drawn into it. */
  export interface PlotElement extends HTMLElement {
    on(event: 'plotly_hover' | 'plotly_click', listener: (event: PlotEvent) => void): void
    on(event: 'plotly_unhover', listener: () => void): void
    removeAllListeners(event: string): void
  }
  type Json = Readonly<Record<string, unknown>>
  export interface Plotly {
    react(element: HTMLElement, data: readonly Json[], layout: Json, config: Json): Promise<PlotElement>
    relayout(element: HTMLElement, changes: Json): Promise<PlotElement>
    purge(element: HTMLElement): void
    toImage(
      figure: { readonly data: readonly Json[]; readonly layout: Json; readonly config: Json },
      options: { readonly format: 'png'; readonly width: number; readonly height: number; readonly scale: number },
    ): Promise<string>
  }
  const plotly: Plotly
  export default plotly
}
