/** Work that a vendor takes and does later: looked at a few times, then again by the next attempt. */

/**
 * @param look how far it is
 * @param isOver it will not change any more; a state that is not known is none of these
 * @param pausesMs between two looks: one look more than there are pauses
 * @returns the state that the last look showed
 */
export async function lookUntil<State>(
  look: () => Promise<State>,
  isOver: (state: State) => boolean,
  pausesMs: readonly number[],
  pause: (ms: number) => Promise<void>,
): Promise<State> {
  for (const pauseMs of pausesMs) {
    const state = await look();
    if (isOver(state)) return state;
    await pause(pauseMs);
  }
  return look();
}
