/** What an actor says of itself. */

export type ActorStatus = 'starting' | 'alive' | 'restarting' | 'closing' | 'dead';

/** What an actor is doing. */
export interface ActorState {
  /** `restarting`: its worker was lost, and it is made again; `closing`: `dispose()` was called. */
  readonly status: ActorStatus;
  /** How often it was made again. */
  readonly restarts: number;
  /** Calls that have not ended. */
  readonly calls: number;
}
