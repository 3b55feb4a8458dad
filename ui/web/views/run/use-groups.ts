/** A run's figures in groups, each the same object until one of its own figures changed. */
import { useEffect, useMemo, useRef } from 'react'
import type { RunView } from '../../../client/run-view.ts'
import { groupPanels, keepGroups, type PanelGroup } from '../../plot/panels.ts'
import { type FigureLook, figureLook, type Look } from '../../services/look.ts'

export function useGroups(view: RunView | null): readonly PanelGroup[] {
  const kept = useRef<readonly PanelGroup[]>([])
  const groups = useMemo(
    () => keepGroups(kept.current, groupPanels(view === null ? [] : [...view.figures.values()])),
    [view],
  )
  useEffect(() => {
    kept.current = groups
  }, [groups])
  return groups
}

/** How each group is looked at, the same objects until the page's look changes. */
export function useFigureLooks(look: Look): (group: string) => FigureLook {
  return useMemo(() => {
    const known = new Map<string, FigureLook>()
    return group => {
      const found = known.get(group) ?? figureLook(look, group)
      known.set(group, found)
      return found
    }
  }, [look])
}
