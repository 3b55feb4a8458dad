/** The page's head: its name, the model and machine it works with, and the theme. */

import { formatCount } from '../../format.ts'
import { Link } from '../../parts/link.tsx'
import { Segmented } from '../../parts/segmented.tsx'
import { useBackend, useModels } from '../../services/catalog.ts'
import { ALL_RUNS, useRoute } from '../../services/route.ts'
import { setTheme, THEME_CHOICES, useThemeChoice } from '../../services/theme.ts'

const THEME_OPTIONS = THEME_CHOICES.map(value => ({ value, label: value[0]?.toUpperCase() + value.slice(1) }))

export function Header() {
  const theme = useThemeChoice()
  const { view } = useRoute()
  const model = useModels().value?.find(one => one.embedded)
  const backend = useBackend().value
  return (
    <header className="header">
      <Link to={{ view: 'home' }} className="brand" label="Patchlight, home">
        <img src="/icon.svg" alt="" width={22} height={22} />
        Patchlight
      </Link>
      <Link to={{ view: 'runs', ...ALL_RUNS }} className="header-link" current={view === 'runs'}>
        Runs
      </Link>
      <Link to={{ view: 'generate' }} className="header-link" current={view === 'generate'}>
        Generate
      </Link>
      <div className="header-facts">
        {model !== undefined && (
          <span className="chip" title={`${model.layers} layers × ${model.heads} heads, ${model.dModel} wide`}>
            {model.name} <span className="muted">{formatCount(model.parameters)}</span>
          </span>
        )}
        {backend !== null && (
          <Link
            to={{ view: 'doctor' }}
            className="chip chip-link"
            label={`Backend ${backend.name}: how this machine computes`}
          >
            {backend.name}
          </Link>
        )}
      </div>
      <Segmented name="Theme" id="theme" options={THEME_OPTIONS} value={theme} onChange={setTheme} />
    </header>
  )
}
