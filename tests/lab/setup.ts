import { cleanup, configure } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

/** How long a condition is waited for, in milliseconds: much longer than it takes, for machines that are busy. */
const PATIENCE = 20_000;

configure({ asyncUtilTimeout: PATIENCE });
const waitFor = vi.waitFor.bind(vi);
vi.waitFor = (condition, options = {}) =>
  waitFor(condition, typeof options === 'number' ? options : { timeout: PATIENCE, ...options });

// What browsers have and jsdom has not; the observers never fire here.
class Observer {
  observe(): void {
    return;
  }
  unobserve(): void {
    return;
  }
  disconnect(): void {
    return;
  }
}

class StandInDragEvent extends MouseEvent {}

function matchMedia(media: string): object {
  const listen = (): void => undefined;
  return { matches: false, media, addListener: listen, removeListener: listen };
}

Object.assign(globalThis, {
  ResizeObserver: Observer,
  IntersectionObserver: Observer,
  DragEvent: StandInDragEvent,
  matchMedia,
  requestIdleCallback: (callback: () => void) => setTimeout(callback, 0)
});

// jsdom lays nothing out: every element is as large as a sidebar.
for (const [name, size] of Object.entries({ clientHeight: 800, clientWidth: 300 })) {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size });
}

Element.prototype.scrollBy = () => undefined;
Element.prototype.scrollTo = () => undefined;

afterEach(cleanup);
