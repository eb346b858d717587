import { setTimeout } from "node:timers/promises";

/** Wait before the next attempt, or until the caller ends it. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch {
    // The next attempt finds that it was ended.
  }
}
