/** The page: head, runs at the left, and the view that the address names. */
import { useEffect, useRef } from 'react'
import { useStudies } from './services/catalog.ts'
import { useFeedStatus, useRuns } from './services/feed.ts'
import { type Route, useRoute } from './services/route.ts'
import { useHeightAs } from './services/size.ts'
import { titleOf } from './services/title.ts'
import { ComparePage } from './views/compare/compare-page.tsx'
import { DoctorPage } from './views/doctor/doctor-page.tsx'
import { GeneratePage } from './views/generate/generate-page.tsx'
import { HomePage } from './views/home/home-page.tsx'
import { LostPage } from './views/home/lost-page.tsx'
import { NewRunPage } from './views/new-run/new-run-page.tsx'
import { RunPage } from './views/run/run-page.tsx'
import { RunsPage } from './views/runs/runs-page.tsx'
import { ErrorBoundary } from './views/shell/error-boundary.tsx'
import { Header } from './views/shell/header.tsx'
import { RunList } from './views/shell/run-list.tsx'
import { ToastStack } from './views/shell/toast-stack.tsx'
import { WatchPage } from './views/watch/watch-page.tsx'
import './views/shell/shell.css'

export function App() {
  const route = useRoute()
  const runs = useRuns()
  const status = useFeedStatus()
  const studies = useStudies().value
  const place = placeOf(route)
  const top = useRef<HTMLDivElement>(null)
  useHeightAs('--top', top)
  const title = titleOf(route, runs, studies)
  useEffect(() => {
    document.title = title
  }, [title])
  return (
    <div className="shell">
      <div className="top" ref={top}>
        <Header />
        {status === 'offline' && (
          <div className="banner" role="alert">
            The server does not answer. Trying again; what is on the page stays, and nothing that was computed is lost.
          </div>
        )}
      </div>
      <RunList runs={runs} current={route.view === 'run' ? route.run : null} />
      {/* A new place starts afresh, at its top. */}
      <main className="main" key={place}>
        <ErrorBoundary>
          <View route={route} />
        </ErrorBoundary>
      </main>
      <ToastStack />
    </div>
  )
}

function View({ route }: { readonly route: Route }) {
  switch (route.view) {
    case 'home':
      return <HomePage />
    case 'runs':
      return <RunsPage query={route} />
    case 'new':
      return <NewRunPage studyId={route.study} presetId={route.preset} from={route.from ?? null} />
    case 'run':
      return <RunPage route={route} />
    case 'compare':
      return <ComparePage route={route} />
    case 'watch':
      return <WatchPage runs={route.runs} />
    case 'generate':
      return <GeneratePage />
    case 'doctor':
      return <DoctorPage />
    case 'lost':
      return <LostPage path={route.path} />
  }
}

/** What a view is about: another place starts afresh, another cell of the same run does not. */
function placeOf(route: Route): string {
  if (route.view === 'run') return `run ${route.run}`
  if (route.view === 'new') return `new ${route.study} ${route.from ?? ''}`
  return route.view
}
