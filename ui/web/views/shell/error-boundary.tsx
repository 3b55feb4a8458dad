/** Keeps a bug in one view from taking the page with it: React knows no other way than a class. */
import { Component, type ReactNode } from 'react'

interface State {
  readonly message: string | null
}

export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { message: null }

  static getDerivedStateFromError(error: unknown): State {
    return { message: error instanceof Error ? error.message : String(error) }
  }

  override render(): ReactNode {
    const { message } = this.state
    if (message === null) return this.props.children
    return (
      <div className="page" role="alert">
        <h1>This view could not be drawn</h1>
        <p className="sentence-error">internal: {message}</p>
        <p className="muted">Runs are not touched by this: choose another view, or reload the page.</p>
      </div>
    )
  }
}
