import * as React from 'react';

/**
 * Names and values, a row each.
 */
export function FactTable(props: {
  label: string;
  facts: readonly (readonly [name: string, value: React.ReactNode])[];
}): React.ReactElement {
  return (
    <table className="jp-Runlore-table" aria-label={props.label}>
      <tbody>
        {props.facts.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/**
 * A titled part of a page.
 */
export function Part(props: { title: string; children: React.ReactNode }): React.ReactElement {
  return (
    <section className="jp-Runlore-part" aria-label={props.title}>
      <h3>{props.title}</h3>
      {props.children}
    </section>
  );
}

/** Any JSON value as text; a string as it is. */
export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
