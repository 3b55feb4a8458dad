/** Puts a text on the clipboard, and says whether it did. */
import { useEffect, useState } from 'react'

interface CopyButtonProps {
  readonly text: () => string
  readonly what: string
}

const SAID_MS = 2000

export function CopyButton({ text, what }: CopyButtonProps) {
  const [said, setSaid] = useState('')
  useEffect(() => {
    if (said === '') return
    const timer = setTimeout(() => setSaid(''), SAID_MS)
    return () => clearTimeout(timer)
  }, [said])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text())
      setSaid('Copied')
    } catch {
      // No clipboard without a secure address, and none where the browser forbids it.
      setSaid('The browser does not allow it: select the text instead')
    }
  }
  return (
    <span className="copy">
      <span role="status" className="muted small">
        {said}
      </span>
      <button type="button" className="button button-small" aria-label={`Copy ${what}`} onClick={copy}>
        Copy
      </button>
    </span>
  )
}
