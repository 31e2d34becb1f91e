import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { modelPlugin } from './model/plugin';
import { cardPlugin } from './notebook/cardPlugin';
import { filesPlugin } from './notebook/filesPlugin';
import { notebookPlugin } from './notebook/plugin';
import { statusPlugin } from './notebook/statusPlugin';
import { annotationsPlugin } from './panels/annotations/plugin';
import { commandsPlugin } from './panels/commands';
import { comparePlugin } from './panels/compare/plugin';
import { curvesPlugin } from './panels/curves/plugin';
import { detailsPlugin } from './panels/details/plugin';
import { modelsPlugin } from './panels/models/plugin';
import { queuePlugin } from './panels/queue/plugin';
import { rerunPlugin } from './panels/rerun/plugin';
import { sweepsPlugin } from './panels/sweeps/plugin';
import { sidebarPlugin } from './panels/sidebar/plugin';

export { IRunlore } from './tokens';

/**
 * The plugins of Runlore.
 */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  modelPlugin,
  sidebarPlugin,
  curvesPlugin,
  detailsPlugin,
  comparePlugin,
  commandsPlugin,
  rerunPlugin,
  modelsPlugin,
  queuePlugin,
  sweepsPlugin,
  annotationsPlugin,
  cardPlugin,
  notebookPlugin,
  filesPlugin,
  statusPlugin
];

export default plugins;
