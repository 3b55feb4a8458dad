/** A model that says which of its layers were asked for, in order. */
import type { Model } from '../../engine/model.ts'

/** @param onLayer is told of each before it is given */
export function countingLayers(
  model: Model,
  onLayer: (layer: number) => void = () => {},
): { readonly counted: Model; readonly asked: number[] } {
  const asked: number[] = []
  const layer: Model['weights']['layer'] = index => {
    asked.push(index)
    onLayer(index)
    return model.weights.layer(index)
  }
  return { counted: { ...model, weights: { ...model.weights, layer } }, asked }
}
