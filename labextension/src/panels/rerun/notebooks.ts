import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { Contents, ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { INotebookCopy } from '../../api/rerunTypes';

/** Copies of one notebook that are looked for before giving up on a free name. */
const MOST_COPIES = 100;

/**
 * Write a notebook beside the one that its run was recorded in, or where that is not served at the top; its path.
 *
 * One that is there already is left as it is: it is the same, or `isFresh` asks for another name.
 */
export async function place(
  contents: Contents.IManager,
  copy: INotebookCopy,
  isFresh: boolean,
  trans: TranslationBundle
): Promise<string> {
  const extension = PathExt.extname(copy.name);
  const stem = copy.name.slice(0, -extension.length);
  const wanted = (number: number): string =>
    PathExt.join(copy.folder ?? '', number === 1 ? copy.name : `${stem}-${number}${extension}`);
  let number = 1;
  while (await exists(contents, wanted(number))) {
    if (!isFresh) {
      return wanted(number);
    }
    if (++number > MOST_COPIES) {
      throw new Error(trans.__('There are too many copies of %1 already', copy.name));
    }
  }
  const path = wanted(number);
  await contents.save(path, { type: 'notebook', format: 'json', content: copy.notebook });
  Notification.info(trans.__('Written to %1', path), { autoClose: 5000 });
  return path;
}

async function exists(contents: Contents.IManager, path: string): Promise<boolean> {
  try {
    await contents.get(path, { content: false });
    return true;
  } catch (error) {
    if (error instanceof ServerConnection.ResponseError && error.response.status === 404) {
      return false;
    }
    throw error;
  }
}
