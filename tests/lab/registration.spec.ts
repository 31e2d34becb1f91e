import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { addressOf, IModels } from '../../labextension/src/api/models';
import { Registration } from '../../labextension/src/model/registration';
import { RestServer } from './server';

const SOON = { timeout: 10_000 };

function told(change: Partial<IModels> = {}): IModels {
  const models = ['net.pt', 'forest'].map(path => ({
    path,
    kind: 'file' as const,
    size: 1,
    files: 1
  }));
  const known = { models, registered: [], why: null, names: ['forest'], unkept: [] };
  return { ...known, export: 'there', ...change };
}

describe('the registration of a model', () => {
  let server: RestServer;

  beforeEach(async () => {
    server = await RestServer.start();
  });

  afterEach(() => server.stop());

  async function opened(answer: IModels, path: string | null): Promise<Registration> {
    server.refusal = [200, answer];
    const form = new Registration(server.client().models, 'r', path);
    await form.load();
    return form;
  }

  it('is of the model that a file belongs to, under a name of its own or one that is there', async () => {
    const form = await opened(told(), 'forest/data/model.pkl');
    expect(form.model?.path).toBe('forest');
    expect(form.isValid).toBe(false);
    form.setName(' forest ');
    expect([form.isValid, form.isKnown]).toEqual([true, true]);
    form.setName('oak');
    expect([form.isValid, form.isKnown]).toEqual([true, false]);
    server.refusal = [201, { name: 'oak', version: '1', path: 'forest', created: 1 }];
    const made = await form.submit();
    expect(made && addressOf(made)).toBe('models:/oak/1');
    expect(server.bodies).toEqual([{ path: 'forest', name: 'oak', description: '' }]);
    form.dispose();
  });

  it.each([
    ['a/b', 'letters'],
    ['a:b', 'letters'],
    ['..', 'letters'],
    ['a\u200bb', 'letters'],
    ['x'.repeat(251), 'long'],
    ['  ', 'empty'],
    ['Größe 2', null]
  ] as const)('says of the name %s what is wrong with it', (name, fault) => {
    const form = new Registration(server.client().models, 'r', null);
    form.setName(name);
    expect(form.nameFault).toBe(fault);
  });

  it('waits until the run is in MLflow', async () => {
    const form = await opened(told({ export: 'coming', why: 'on its way' }), null);
    form.setName('net');
    expect(form.isValid).toBe(false);
    server.refusal = [200, told()];
    await vi.waitFor(() => expect(form.isValid).toBe(true), SOON);
    form.dispose();
  });

  it('keeps what was typed where the server refuses', async () => {
    const form = await opened(told(), null);
    form.setName('net');
    server.refusal = [409, { message: 'The run was deleted in MLflow', reason: 'NotInMlflow' }];
    expect(await form.submit()).toBeNull();
    expect([form.refusal?.message, form.name]).toEqual(['The run was deleted in MLflow', 'net']);
    form.dispose();
  });
});
