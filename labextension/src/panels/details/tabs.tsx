import * as React from 'react';

/**
 * A page behind a tab.
 */
export interface ITab {
  id: string;
  label: string;
  /** Stands beside the label, such as a count; a tab whose note is empty is greyed. */
  note?: string;
  render: () => React.ReactElement;
}

/**
 * Pages behind tabs; the arrow keys move between them. Only the open page exists.
 */
export function Tabs(props: {
  label: string;
  tabs: readonly ITab[];
  /** The open page; where it is left out, the tabs keep it themselves. */
  openId?: string;
  onOpen?: (id: string) => void;
}): React.ReactElement {
  const { label, tabs, onOpen } = props;
  const scope = React.useId();
  const bar = React.useRef<HTMLDivElement>(null);
  const [ownId, setOwnId] = React.useState(tabs[0]?.id);
  const openId = props.openId ?? ownId;
  const setOpenId = (id: string): void => {
    setOwnId(id);
    onOpen?.(id);
  };
  const open = tabs.find(tab => tab.id === openId) ?? tabs[0];
  const move = (event: React.KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
    const step = steps[event.key];
    if (step !== undefined && open) {
      const next = tabs[(tabs.indexOf(open) + step + tabs.length) % tabs.length];
      if (next) {
        setOpenId(next.id);
        bar.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
      }
      event.preventDefault();
    }
  };
  return (
    <>
      <div className="jp-Runlore-tabs" role="tablist" aria-label={label} ref={bar} onKeyDown={move}>
        {tabs.map(tab => (
          <button
            key={tab.id}
            id={`${scope}${tab.id}`}
            role="tab"
            data-tab={tab.id}
            data-is-empty={tab.note === ''}
            aria-selected={tab === open}
            aria-controls={`${scope}page`}
            tabIndex={tab === open ? 0 : -1}
            onClick={() => setOpenId(tab.id)}
          >
            {tab.label}
            {tab.note && <span className="jp-Runlore-tab-note">{tab.note}</span>}
          </button>
        ))}
      </div>
      <div
        className="jp-Runlore-page"
        id={`${scope}page`}
        role="tabpanel"
        tabIndex={0}
        aria-labelledby={`${scope}${open?.id}`}
        key={open?.id}
      >
        {open?.render()}
      </div>
    </>
  );
}
