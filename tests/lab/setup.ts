import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

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
