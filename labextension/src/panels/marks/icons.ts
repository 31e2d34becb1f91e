import { LabIcon } from '@jupyterlab/ui-components';

import { ICheck } from '../../api/rerunTypes';
import { TrialState } from '../../api/sweepTypes';
import { JobState, RunStatus, VerdictWord } from '../../api/types';

function stroke(name: string, path: string): LabIcon {
  return new LabIcon({
    name: `runlore:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16" fill="none"><path d="${path}" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/></svg>`
  });
}

/** The icon of the sidebar: a learning curve. */
export const runsIcon = new LabIcon({
  name: 'runlore:runs',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 20 20" fill="none"><g class="jp-icon3 jp-icon-selectable" stroke="#616161" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"><path d="M3 3v14h14"/><path d="M6 4c1.5 6 4 9 11 9.5"/></g></svg>'
});

export const rerunIcon = stroke('rerun', 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3.2H9.8');
export const detailsIcon = stroke('details', 'M9 3h4v4M13 3L7.5 8.5M11.5 9.5V13H3V4.5h3.5');
export const compareIcon = stroke(
  'compare',
  'M2.5 3h4v4h-4zM9.5 3h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z'
);
export const swapIcon = stroke(
  'swap',
  'M3 5.5h10M10.5 3L13 5.5L10.5 8M13 10.5H3M5.5 8L3 10.5L5.5 13'
);
export const stopIcon = stroke('stop', 'M4.5 4.5h7v7h-7z');

const running = stroke('running', 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11M8 7.9v.2');
const finished = stroke('finished', 'M3 8.5l3.2 3.2L13 4.8');
const failed = stroke('failed', 'M4.2 4.2l7.6 7.6M11.8 4.2l-7.6 7.6');
const interrupted = stroke('interrupted', 'M5.7 4v8M10.3 4v8');
const killed = stroke('killed', 'M9 2L4.5 8.8H8L7 14l4.5-6.8H8z');
/** Scissors. */
export const prunedIcon = stroke(
  'pruned',
  'M3.9 2.4a1.9 1.9 0 1 1 0 3.8a1.9 1.9 0 1 1 0-3.8M3.9 9.8a1.9 1.9 0 1 1 0 3.8a1.9 1.9 0 1 1 0-3.8M5.5 5.4L13.5 11.6M5.5 10.6L13.5 4.4'
);
const queued = stroke('queued', 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11M8 5v3l2 1.5');

export const statusIcons: Readonly<Record<RunStatus, LabIcon>> = {
  running,
  finished,
  failed,
  interrupted,
  killed
};

export const jobIcons: Readonly<Record<JobState, LabIcon>> = {
  queued,
  running,
  stopping: interrupted,
  succeeded: finished,
  failed,
  cancelled: interrupted
};

const close = stroke('close', 'M3 7.2c2-2 3.5-2 5-.6s3 1.4 5-.6M3 11.2c2-2 3.5-2 5-.6s3 1.4 5-.6');
const within = stroke('within', 'M5 3H3v10h2M11 3h2v10h-2M6.5 8h3');

export const verdictIcons: Readonly<Record<VerdictWord, LabIcon>> = {
  'BIT-EXACT': stroke('bit-exact', 'M3.5 6h9M3.5 10h9'),
  'NUMERICALLY CLOSE': close,
  'STATISTICALLY CONSISTENT': within,
  'STATISTICALLY EQUIVALENT': within,
  DIVERGED: stroke('diverged', 'M2 8h4.5L13 3.5M6.5 8L13 12.5'),
  FAILED: stroke('verdict-failed', 'M8 3v6M8 12.4v.2'),
  UNVERIFIABLE: stroke(
    'unverifiable',
    'M5.4 6.2a2.6 2.6 0 1 1 3.9 2.2C8.4 8.9 8 9.3 8 10.2M8 12.9v.2'
  )
};

export const starIcon = stroke(
  'star',
  'M8 2.2l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z'
);
export const pinIcon = stroke('pin', 'M6 2.5h4l-.5 4.5 2 2h-7l2-2zM8 9v4.5');
export const columnsIcon = stroke('columns', 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10');
export const trashIcon = stroke('trash', 'M3 4.5h10M6.5 4.5V3h3v1.5M4.2 4.5l.6 8.5h6.4l.6-8.5');

/** What was found of something that a rerun starts from. */
export const checkIcons: Readonly<Record<ICheck['state'], LabIcon>> = {
  ok: finished,
  differs: verdictIcons.DIVERGED,
  unknown: verdictIcons.UNVERIFIABLE,
  refused: failed
};
export const changeIcon = stroke('change', 'M3 5h6M12 5h1M9 3.2v3.6M3 11h2M8 11h5M5.5 9.2v3.6');
export const sweepIcon = stroke(
  'sweep',
  'M3 12.5h.2M6 9.5h.2M9 11h.2M7.5 5h.2M12.5 3.5h.2M12.5 8h.2'
);
export const queueIcon = stroke('queue', 'M3 4h10M3 8h10M3 12h6');
export const pauseIcon = interrupted;
export const playIcon = stroke('play', 'M5 3.5v9l7.5-4.5z');
export const trialIcons: Readonly<Record<TrialState, LabIcon>> = {
  waiting: queued,
  running,
  complete: finished,
  pruned: prunedIcon,
  failed
};
export const upIcon = stroke('up', 'M8 13V3.5M4 7l4-4 4 4');
export const downIcon = stroke('down', 'M8 3v9.5M4 9l4 4 4-4');
/** Of cells whose run is recorded, and of those edited since. */
export const recordedIcon = stroke(
  'recorded',
  'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11M5.6 8.2l1.8 1.8 3-3.6'
);
export const editedIcon = stroke('edited', 'M3 13l.7-2.9 6.8-6.8 2.2 2.2-6.8 6.8zM9 4.8l2.2 2.2');

/** Of the button that has a notebook recorded: off, and on. */
export const trackIcon = stroke('track', 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11');
export const trackedIcon = new LabIcon({
  name: 'runlore:tracked',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><path d="M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11" fill="none" stroke="currentColor" stroke-width="1.6"/><circle cx="8" cy="8" r="3" fill="currentColor"/></svg>'
});
