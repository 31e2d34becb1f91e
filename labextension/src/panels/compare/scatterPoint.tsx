import * as React from 'react';

import { IRunStyle } from '../../model/colors';
import { CompareSelection } from '../../model/compareSelection';

/** What stands for runs that share a colour: in lists and charts it is their dashes that differ. */
const SHAPES: Record<IRunStyle['dash'], string> = {
  solid: 'M-5,0A5,5 0 1 1 5,0A5,5 0 1 1 -5,0Z',
  dash: 'M-5,-5H5V5H-5Z',
  dot: 'M0,-6L6,5H-6Z',
  dashdot: 'M0,-7L6,0L0,7L-6,0Z',
  longdash: 'M-2,-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z'
};

/**
 * The point of a run: an option of those that can be selected, by pointer or by keyboard.
 */
export const Point = React.memo(
  function Point(props: {
    id: string;
    left: number;
    top: number;
    title: string;
    style: IRunStyle | undefined;
    isFaint: boolean;
    isHovered: boolean;
    isSelected: boolean;
    /** Whether Tab leads to it. */
    isCurrent: boolean;
    onFocus: (id: string) => void;
    selection: CompareSelection;
  }): React.ReactElement {
    const { id, left, top, title, style, isFaint, isHovered, isSelected, onFocus, selection } =
      props;
    return (
      <path
        className="jp-Runlore-plot-point"
        role="option"
        aria-label={title}
        aria-selected={isSelected}
        tabIndex={props.isCurrent ? 0 : -1}
        data-runlore-point={id}
        data-color={style?.color}
        data-is-faint={isFaint}
        data-is-hovered={isHovered}
        d={SHAPES[style?.dash ?? 'solid']}
        transform={`translate(${left}, ${top}) scale(${isHovered ? 1.4 : 1})`}
        onPointerEnter={() => selection.hover(id)}
        onPointerLeave={() => selection.hover(null)}
        onClick={() => selection.toggle(id)}
        onFocus={() => {
          selection.hover(id);
          onFocus(id);
        }}
        onBlur={() => selection.hover(null)}
      >
        <title>{title}</title>
      </path>
    );
  },
  // Styles are made anew whenever anything changes.
  ({ style: before, ...old }, { style: after, ...fresh }) =>
    before?.color === after?.color &&
    before?.dash === after?.dash &&
    (Object.keys(fresh) as (keyof typeof fresh)[]).every(name => old[name] === fresh[name])
);
