const waiting = new Set<() => void>();
let isBusy = false;

/**
 * Have a chart drawn: at once where no other was just drawn, else in a task of its own, so that what the user does is
 * answered in between.
 *
 * @returns Takes it back, where it has not been drawn yet.
 */
export function drawInTurn(draw: () => void): () => void {
  if (isBusy) {
    waiting.add(draw);
  } else {
    isBusy = true;
    awaitTurn();
    draw();
  }
  return () => void waiting.delete(draw);
}

function awaitTurn(): void {
  setTimeout(() => {
    const [next] = waiting;
    if (!next) {
      isBusy = false;
      return;
    }
    waiting.delete(next);
    awaitTurn();
    next();
  });
}
